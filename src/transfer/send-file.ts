import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { BytestreamBroken } from '../protocol/ibb/bytestream.js';
import type { InBandBytestreams } from '../protocol/ibb/in-band-bytestreams.js';
import type { BytestreamSettings } from '../protocol/ibb/settings.js';
import { formatJid, parseJid } from '../session/jid.js';
import { RequestTimeout } from '../session/requests.js';
import { StanzaError } from '../session/stanza-error.js';

/** Nobody is there who takes files from us. */
export class RecipientUnreachable extends Error {
  override readonly name = 'RecipientUnreachable';
}

/** The recipient is there and does not want the file. */
export class RecipientRefused extends Error {
  override readonly name = 'RecipientRefused';
}

/** The file was cut short or grew while it was sent. */
export class SourceChanged extends Error {
  override readonly name = 'SourceChanged';
}

export interface Source {
  name: string;
  /** Bytes; `undefined` where it is not known before the end. */
  size?: number | undefined;
  bytes: AsyncIterable<Buffer>;
}

export interface SentFile {
  size: number;
  sha256: string;
}

/** The resource that `inband receive` takes, unless it is told another one. */
const RECEIVER = 'inband';

/** The full JID to send to. Throws `MalformedJid`. */
export function recipient(jid: string): string {
  const parsed = parseJid(jid);
  return formatJid({ ...parsed, resource: parsed.resource || RECEIVER });
}

/**
 * Sends a file over a bare bytestream; resolves when the recipient has acknowledged its end.
 * Rejects with `RecipientUnreachable`, `RecipientRefused`, `SourceChanged`, or why it broke off.
 */
export async function sendFile(
  bytestreams: InBandBytestreams,
  peer: string,
  source: Source,
  options: Partial<BytestreamSettings> & {
    signal: AbortSignal;
    /** Called when the recipient has accepted. */
    onStart: () => void;
    onProgress: (bytes: number) => void;
  },
): Promise<SentFile> {
  const { signal, onStart, onProgress, ...settings } = options;
  const stream = await bytestreams
    .open(peer, { ...settings, signal })
    .catch((error) => Promise.reject(asRecipientError(error, peer)));
  onStart();
  stream.resume(); // whatever the recipient sends back is not for us
  stream.on('acknowledged', () => onProgress(stream.bytesSent));
  const hash = createHash('sha256');
  await pipeline(checked(source, hash), stream, { signal });
  if (!stream.closeAcknowledged) throw new BytestreamBroken(0, new Error('it closed first'));
  return { size: stream.bytesSent, sha256: hash.digest('hex') };
}

async function* checked({ name, size, bytes }: Source, hash: ReturnType<typeof createHash>) {
  let count = 0;
  for await (const chunk of bytes) {
    count += chunk.length;
    hash.update(chunk);
    yield chunk;
  }
  if (size !== undefined && count !== size) {
    throw new SourceChanged(
      `${name} changed while it was sent: ${size} bytes before, ${count} now`,
    );
  }
}

/** Errors that a peer gives who is there and has looked at the request. */
const REFUSALS = new Set(['not-acceptable', 'forbidden', 'resource-constraint', 'bad-request']);

function asRecipientError(error: Error, peer: string): Error {
  if (error instanceof RequestTimeout) {
    return new RecipientUnreachable(`${peer} does not answer; is it running "inband receive"?`, {
      cause: error,
    });
  }
  if (!(error instanceof StanzaError)) return error;
  const reason = `(${error.message})`;
  return REFUSALS.has(error.condition)
    ? new RecipientRefused(`${peer} refused the file ${reason}`, { cause: error })
    : new RecipientUnreachable(
        `${peer} is not there, or does not accept files from you ${reason}; it needs "inband receive" with --allow`,
        { cause: error },
      );
}
