import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, ChannelBroken, ChannelOverrun } from '../../protocol/channel.js';
import type { FileOffer } from '../../protocol/file-offer.js';
import { nodeNameOf } from '../../protocol/hash-functions.js';
import { NS_FILE_ERRORS } from '../../protocol/jingle/file-description.js';
import type { IncomingJingleFile } from '../../protocol/jingle/incoming-jingle-file.js';
import { JingleEnded } from '../../protocol/jingle/jingle-session.js';
import type { Reason } from '../../protocol/jingle/stanzas.js';
import type { IncomingSiFile } from '../../protocol/si/incoming-si-file.js';
import { sidKey } from '../../protocol/sid.js';
import { bareJid } from '../../session/jid.js';
import { xml } from '../../session/xml.js';
import { FileMismatch } from '../recipient-errors.js';
import { type Inbox, isRoomError, type PartialFile, type WantedPartial } from './inbox.js';

/** A file that a peer wants to send, however it told us. */
export interface IncomingOffer {
  /** The sender's full JID. */
  readonly peer: string;
  /** Of the bytestream that brings it. */
  readonly sid: string;
  readonly offer: FileOffer;
  /** XEP-0300 names of the hashes that are known, or may become known. */
  readonly hashFunctions: readonly string[];
  /** The sender can start anywhere in the file. */
  readonly ranged: boolean;
  /** Resolves to the bytestream that brings the bytes from `offset` on. */
  accept(offset: number): Promise<Channel>;
  /** What the sender says of all the bytes, once they came; empty where it says nothing. */
  hashes(): Promise<ReadonlyMap<string, Buffer>>;
  /** Tells the sender that the file is there. Always resolves. */
  confirm(): Promise<void>;
  /** Tells the sender that it is not. */
  fail(error: Error): void;
}

/** A sender offers again what it is sending: its program was killed, or its connection. */
export class OfferedAgain extends Error {
  override readonly name = 'OfferedAgain';
}

/** A file is offered again that its sender is sending all the same, and there is no room for both. */
export class StillUnderWay extends Error {
  override readonly name = 'StillUnderWay';
}

export interface ReceivedFile {
  /** Absolute. */
  path: string;
  /** Bytes. */
  size: number;
  /** Lower-case hex. */
  sha256: string;
}

export interface ReceiveOptions {
  /** Called when the sender is about to send, from this byte on. */
  onStart: (offset: number) => void;
  /** Bytes that are there. */
  onProgress: (bytes: number) => void;
}

/**
 * Accepts a file and writes it to the inbox, from where an earlier transfer of it was cut. The sender hears that it
 * arrived when the name is there, and not before. Rejects when it breaks off (what came is kept for the next time, if
 * that can be known again), is not what was offered (`FileMismatch`, `ChannelOverrun`), or the disk fails.
 */
export async function receiveFile(
  file: IncomingOffer,
  inbox: Inbox,
  { onStart, onProgress }: ReceiveOptions,
): Promise<ReceivedFile> {
  let partial: PartialFile | undefined;
  try {
    partial = await inbox.createPartial(wantedFor(file));
    const stream = await file.accept(partial.offset);
    onStart(partial.offset);
    const size = await write(stream, partial, onProgress);
    checkSize(size, file.offer.size);
    const told = await file.hashes();
    compare(partial, told);
    const sha256 = partial.digest('sha256').toString('hex');
    const path = await partial.publish(file.offer.name, file.offer.date);
    // The file is there, whatever becomes of the answer.
    await file.confirm();
    return { path, size, sha256 };
  } catch (error) {
    // The first error is the one to tell of; what is left is under a name that nobody sees.
    const isUseless = error instanceof FileMismatch || error instanceof ChannelOverrun;
    const end = isUseless ? partial?.discard() : partial?.keep();
    await end?.catch(() => undefined);
    file.fail(error as Error);
    throw error;
  }
}

function wantedFor(file: IncomingOffer): WantedPartial {
  const { hashFunctions } = file;
  const { name, size } = file.offer;
  const identity = identityOf(file);
  return {
    name,
    account: bareJid(file.peer),
    bytestream: sidKey(file.peer, file.sid),
    algorithms: hashFunctions.map((one) => nodeNameOf(one) as string),
    ...(size === undefined ? {} : { size }),
    ...(identity === undefined ? {} : { identity }),
  };
}

/**
 * What two offers have in common that bring the same bytes from the same person, whichever the resource, whatever they
 * are called: a hash, as two files can have one name, size and date. `undefined` where no hash is known before the bytes,
 * or the sender cannot go on in the middle. An MD5 is good enough: who makes two files with one MD5 can mix only his own.
 */
export function identityOf({ peer, offer, ranged }: IncomingOffer): string | undefined {
  const { size, hashes } = offer;
  if (!ranged || size === undefined || !hashes?.size) return undefined;
  const digests = [...hashes].map(([name, digest]) => [name, digest.toString('hex')]).sort();
  return JSON.stringify([bareJid(peer), size, digests]);
}

async function write(
  stream: Channel,
  partial: PartialFile,
  onProgress: (bytes: number) => void,
): Promise<number> {
  for await (const bytes of stream.iterator({ destroyOnReturn: false })) {
    await partial.write(bytes);
    onProgress(partial.offset + stream.bytesReceived);
  }
  return partial.offset + stream.bytesReceived;
}

/** More than was offered is refused as it comes. */
function checkSize(size: number, offered = size): void {
  if (size === offered) return;
  throw new ChannelBroken(0, new Error(`it sent ${size} of ${offered} bytes`));
}

/** Throws `FileMismatch`. */
function compare(partial: PartialFile, told: ReadonlyMap<string, Buffer>): void {
  for (const [name, digest] of told) {
    if (!partial.digest(nodeNameOf(name) as string).equals(digest)) {
      throw new FileMismatch(`the bytes that came do not have the ${name} hash that was told`);
    }
  }
}

export function jingleOffer(file: IncomingJingleFile): IncomingOffer {
  let isAccepted = false;
  return {
    peer: file.peer,
    sid: file.sid,
    offer: file.offer,
    hashFunctions: file.hashFunctions,
    ranged: file.ranged,
    accept: (offset) => {
      isAccepted = true;
      return file.accept(offset);
    },
    hashes: () => file.hashes(),
    confirm: () => file.confirm(),
    fail: (error) => {
      const reason = reasonOf(error);
      // Otherwise the sender would try the other ways, which end at the same disk.
      const isDisk = reason.condition === 'failed-application' && !isAccepted;
      void file.fail(isDisk ? { ...reason, condition: 'decline' } : reason);
    },
  };
}

/** Why a file was not kept, in Jingle's words (XEP-0166 §7.4, XEP-0234 §9). */
function reasonOf(error: Error): Reason {
  if (error instanceof JingleEnded) return error.reason;
  if (error instanceof OfferedAgain) return { condition: 'alternative-session' };
  if (error instanceof StillUnderWay) return { condition: 'busy' };
  if (error instanceof FileMismatch) return { condition: 'media-error', text: error.message };
  if (error instanceof ChannelBroken) return { condition: 'failed-transport' };
  if (isRoomError(error) && error.isPassing) return { condition: 'busy' };
  const { code = '' } = error as NodeJS.ErrnoException;
  if (isRoomError(error) || NO_SPACE.has(code)) {
    return { condition: 'media-error', specific: xml('file-too-large', { xmlns: NS_FILE_ERRORS }) };
  }
  if (SHORTAGES.has(code)) return { condition: 'busy' };
  return { condition: 'failed-application', text: 'it cannot be stored here at the moment' };
}

/** The disk is full, whatever it said of its free space. */
const NO_SPACE = new Set(['EDQUOT', 'ENOSPC']);

/** The machine has too little of something for now; the file is wanted all the same. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

export function siOffer(file: IncomingSiFile): IncomingOffer {
  const { peer, sid, offer, ranged } = file;
  const hashes = offer.hashes ?? new Map();
  const failed = new AbortController();
  let stream: Channel | undefined;
  return {
    ...{ peer, sid, offer, ranged, hashFunctions: [...hashes.keys()] },
    accept: async (offset) => {
      stream = await file.accept({ offset, signal: failed.signal });
      if (offer.size !== undefined) stream.endAt(offer.size - offset);
      return stream;
    },
    hashes: async () => hashes,
    confirm: async () => {
      // libpurple waits for a close of ours where there is nothing to send.
      if (offer.size === 0) stream?.end();
      await Promise.race([
        stream?.acknowledgeClose(),
        sleep(FAREWELL_MS, undefined, { ref: false }),
      ]);
      // It has ended on the peer's side, or will never do.
      stream?.abandon();
    },
    fail: (error) => {
      failed.abort(error);
      if (reasonOf(error).condition === 'busy') file.refuseForNow();
      else file.decline();
      stream?.destroy(error);
    },
  };
}

/** How long a sender whose file we have may take to close. */
const FAREWELL_MS = 3_000;

/** A bytestream that nobody announced. */
export type BareChannel = Channel & { readonly sid: string };

/** A bytestream that nobody announced says nothing of its file: sender and time must do. */
export function bareOffer(stream: BareChannel, now: Date): IncomingOffer {
  return {
    peer: stream.peer,
    sid: stream.sid,
    offer: { name: nameForUnnamed(stream.peer, now) },
    hashFunctions: [],
    ranged: false,
    accept: async () => stream,
    hashes: async () => new Map(),
    // Acknowledges the sender's close, which says that it has sent all.
    confirm: () => new Promise((answered) => stream.end(answered)),
    fail: (error) => void stream.destroy(error),
  };
}

function nameForUnnamed(peer: string, now: Date): string {
  const [escaped = peer] = peer.split('/');
  const bare = unescapeLocal(escaped).replace(/[/\\]/g, '_');
  return `${bare} ${now.toISOString().slice(0, 19).replaceAll(':', '-')}`;
}

/** XEP-0106 §3: `\40` stands for `@`; the backslash would be taken for the end of a folder. */
const unescapeLocal = (jid: string): string =>
  jid.replace(/\\(20|22|26|27|2f|3a|3c|3e|40|5c)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
