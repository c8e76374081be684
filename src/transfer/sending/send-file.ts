import { createHash, type Hash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { InBlocks } from '../../protocol/channel.js';
import type { FileOffer } from '../../protocol/file-offer.js';
import { FileUnconfirmed } from '../../protocol/jingle/verdict.js';
import { orAborted } from '../../session/aborted.js';
import type { RateLimit } from '../rate-limit.js';
import { RecipientRefused, whyBrokenOff } from '../recipient-errors.js';
import { READ_BYTES } from '../sources/read-file.js';
import type { Source } from '../sources/source.js';
import { closedFirst } from '../ways/closed-first.js';
import type { Accepted } from '../ways/way.js';
import { compared, counted, limited, skipping } from './chunks.js';

/** `InBlocks` where it went in blocks: as they were in the end. */
export interface SentFile extends Partial<InBlocks> {
  /** Bytes. */
  size: number;
  /** Lower-case hex. */
  sha256: string;
  /** The recipient does not say that it has compared the hash. */
  unverified?: true;
  /** It says at least that it is content; otherwise nothing but that the bytes came. */
  success?: true;
  /** Nobody has it but a server, where it is to be had. */
  url?: string;
}

interface SendOptions {
  signal: AbortSignal;
  limit?: RateLimit | undefined;
  /** Bytes of the file that the recipient has acknowledged. */
  onProgress: (bytes: number) => void;
  /** Called when all bytes have been read, some of which may be under way. */
  onRead: () => void;
}

/**
 * Sends the bytes of an accepted file; resolves when the recipient has confirmed their end. Rejects with
 * `SourceChanged`, `FileMismatch`, `RecipientRefused`, the signal's reason, or why it broke off.
 */
export async function sendFile(
  accepted: Accepted,
  source: Source,
  offer: FileOffer,
  { signal, limit, onProgress, onRead }: SendOptions,
): Promise<SentFile> {
  const { channel, range } = accepted;
  refusePart(accepted, source);
  channel.on('acknowledged', () => onProgress(range.offset + channel.bytesSent));
  const reading: Reading = { bytes: 0, hash: createHash('sha256'), isDone: false, onRead };
  try {
    const bytes = read(accepted, source, offer, reading);
    await carry(limit?.paced(bytes, signal) ?? bytes, accepted, reading, signal);
    const verdict = await accepted.confirmed();
    mustBeThere(accepted, verdict);
    return {
      size: range.offset + channel.bytesSent,
      sha256: (offer.hashes?.get('sha-256') ?? reading.hash.digest()).toString('hex'),
      ...(verdict === 'verified' ? {} : { unverified: true }),
      ...(verdict === 'content' ? { success: true } : {}),
      ...(typeof verdict === 'object' ? { url: verdict.url } : {}),
      ...(channel.bytesSent > 0 ? channel.inBlocks : {}),
    };
  } catch (error) {
    void accepted.cancel();
    signal.throwIfAborted();
    throw reading.failure ?? whyBrokenOff(error as Error, accepted);
  }
}

/** What a recipient has not asked for it would not have in the end. */
function refusePart(accepted: Accepted, { size }: Source): void {
  const { offset, length } = accepted.range;
  if (length === undefined || (size !== undefined && offset + length >= size)) return;
  void accepted.cancel();
  const of = size === undefined ? '' : ` of ${size}`;
  throw new RecipientRefused(
    `${accepted.channel.peer} wants only ${length} bytes${of}, which would be no whole file`,
  );
}

/**
 * A recipient that wants nothing of the file may never have had it: then it must say that it has compared the hash. That
 * it took the end says nothing.
 */
function mustBeThere({ channel, range }: Accepted, verdict: Verdict): void {
  if (verdict === 'verified' || range.offset === 0 || channel.bytesSent > 0) return;
  throw new FileUnconfirmed(
    `${channel.peer} wanted nothing of the file, and did not say that it has it`,
  );
}

/** Resolves when the recipient has acknowledged all the bytes. */
async function carry(
  bytes: AsyncIterable<Buffer>,
  { channel }: Accepted,
  reading: Reading,
  signal: AbortSignal,
): Promise<void> {
  const missing = () => closedFirst(channel, reading.bytes - channel.bytesSent);
  // A recipient that closes in the middle ends the channel without an error, which a pipeline would not notice.
  const closed = new AbortController();
  channel.once('close', () => {
    if (!reading.isDone) closed.abort(missing());
  });
  const until = AbortSignal.any([signal, closed.signal]);
  // A pipeline waits for its source even when it is aborted.
  const sent = pipeline(bytes, channel, { signal: until });
  await orAborted(sent, until).catch((error) => {
    closed.signal.throwIfAborted();
    // Some recipients are gone when they have all bytes; what they said of them counts.
    if (!reading.isDone || channel.bytesSent < reading.bytes) throw error;
  });
  signal.throwIfAborted();
  if (channel.bytesSent < reading.bytes) throw missing();
}

type Verdict = Awaited<ReturnType<Accepted['confirmed']>>;

interface Reading {
  bytes: number;
  hash: Hash;
  isDone: boolean;
  onRead(): void;
  /** Why the source could not be read to its end. */
  failure?: Error;
}

/** What is sealed is copied before more is read, so that all reads can share a buffer. */
const bufferFor = ({ isSealed }: Accepted, { size }: Source): Buffer | undefined =>
  isSealed && size !== undefined ? Buffer.allocUnsafe(Math.min(READ_BYTES, size + 1)) : undefined;

/** What the recipient wants of the file, and then its hash, where that was not told before. */
async function* read(
  accepted: Accepted,
  source: Source,
  { hashes }: FileOffer,
  reading: Reading,
): AsyncGenerator<Buffer> {
  const { offset, length } = accepted.range;
  // Where the recipient does not compare a hash, what it has may be of a file that has changed since.
  const isWhole = length === undefined && (offset === 0 || !accepted.way.comparesHash);
  const before = hashes?.get('sha-256');
  const { name, size } = source;
  try {
    const bytes = counted(source, isWhole ? 0 : offset, reading.hash, bufferFor(accepted, source));
    // What has no size is read once, so that no hash of it was known before.
    const isCompared = isWhole && before !== undefined && size !== undefined;
    const good = isCompared ? compared(bytes, { name, size }, reading.hash, before) : bytes;
    for await (const chunk of limited(skipping(good, isWhole ? offset : 0), length)) {
      reading.bytes += chunk.length;
      yield chunk;
    }
    if (isWhole && !before) {
      await accepted.sendHashes?.(new Map([['sha-256', reading.hash.copy().digest()]]));
    }
    reading.isDone = true;
    reading.onRead();
  } catch (error) {
    reading.failure = error as Error;
    // Before the channel is broken off for it, which says less.
    void accepted.cancel();
    throw error;
  }
}
