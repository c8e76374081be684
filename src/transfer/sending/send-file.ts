import { createHash, type Hash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { FileOffer } from '../../protocol/file-offer.js';
import { nodeNameOf } from '../../protocol/hash-functions.js';
import { RecipientRefused, whyBrokenOff } from '../recipient-errors.js';
import { closedFirst } from '../ways/closed-first.js';
import type { Accepted } from '../ways/way.js';

/** Hashed at a time: enough that reading costs little. */
const HASHED_BYTES = 256 * 1024;

/** The file was cut short or grew while it was sent. */
export class SourceChanged extends Error {
  override readonly name = 'SourceChanged';
}

export interface Source extends Omit<FileOffer, 'hashes'> {
  /**
   * Reads it, from this byte on. What has no `size` can be read once only, from its start. What is read into a `buffer`
   * is there until more is asked for; without one it stays, for it may not have been sent yet.
   */
  read(offset: number, buffer?: Buffer): AsyncIterable<Buffer>;
}

export interface SentFile {
  /** Bytes. */
  size: number;
  /** Lower-case hex. */
  sha256: string;
  /** The recipient does not say that it has compared the hash. */
  unverified?: true;
  /** It says at least that it is content; otherwise nothing but that the bytes came. */
  success?: true;
}

/** What is known of a file without reading it. */
export const plainOffer = ({ read, ...offer }: Source): FileOffer => offer;

/** The same with its hashes, by XEP-0300 name: reads it once, where it can be read again. */
export async function describeSource(
  source: Source,
  signal: AbortSignal,
  algorithms: readonly string[] = ['sha-256'],
): Promise<FileOffer> {
  const offer = plainOffer(source);
  if (source.size === undefined) return offer;
  const hashes = new Map<string, Hash>();
  for (const one of algorithms) hashes.set(one, createHash(nodeNameOf(one) as string));
  const update = (bytes: Buffer) => {
    for (const hash of hashes.values()) hash.update(bytes);
  };
  // One buffer for all: at the speed of a disk, new ones would be garbage sooner than it is collected.
  for await (const bytes of counted(source, 0, { update }, Buffer.allocUnsafe(HASHED_BYTES))) {
    void bytes;
    signal.throwIfAborted();
  }
  return { ...offer, hashes: new Map([...hashes].map(([name, hash]) => [name, hash.digest()])) };
}

/**
 * Sends the bytes of an accepted file; resolves when the recipient has confirmed their end. Rejects with
 * `SourceChanged`, `FileMismatch`, `RecipientRefused`, the signal's reason, or why it broke off.
 */
export async function sendFile(
  accepted: Accepted,
  source: Source,
  offer: FileOffer,
  options: { signal: AbortSignal; onProgress: (bytes: number) => void },
): Promise<SentFile> {
  const { stream, range } = accepted;
  const { signal, onProgress } = options;
  if (!isToTheEnd(range, source.size)) {
    void accepted.cancel();
    const of = source.size === undefined ? '' : ` of ${source.size}`;
    throw new RecipientRefused(
      `${stream.peer} wants only ${range.length} bytes${of}, which would be no whole file`,
    );
  }
  stream.on('acknowledged', () => onProgress(range.offset + stream.bytesSent));
  const reading: Reading = { bytes: 0, hash: createHash('sha256'), isDone: false };
  // A recipient that closes in the middle ends the bytestream without an error, which a pipeline would not notice.
  const closed = new AbortController();
  stream.once('close', () => {
    if (!reading.isDone) closed.abort(closedFirst(stream, reading.bytes - stream.bytesSent));
  });
  const until = AbortSignal.any([signal, closed.signal]);
  try {
    const bytes = read(accepted, source, offer, reading);
    // A pipeline waits for its source even when it is aborted.
    const sent = Promise.race([pipeline(bytes, stream, { signal: until }), aborted(until)]);
    await sent.catch((error) => {
      closed.signal.throwIfAborted();
      // Some recipients are gone when they have all bytes; what they said of them counts.
      if (!reading.isDone || stream.bytesSent < reading.bytes) throw error;
    });
    signal.throwIfAborted();
    if (stream.bytesSent < reading.bytes)
      throw closedFirst(stream, reading.bytes - stream.bytesSent);
    const verdict = await accepted.confirmed();
    return {
      size: range.offset + stream.bytesSent,
      sha256: (offer.hashes?.get('sha-256') ?? reading.hash.digest()).toString('hex'),
      ...(verdict === 'verified' ? {} : { unverified: true }),
      ...(verdict === 'content' ? { success: true } : {}),
    };
  } catch (error) {
    void accepted.cancel();
    signal.throwIfAborted();
    throw reading.failure ?? whyBrokenOff(error as Error, stream.peer);
  }
}

/** What a recipient has not asked for it would not have in the end. */
const isToTheEnd = ({ offset, length }: Accepted['range'], size?: number): boolean =>
  length === undefined || (size !== undefined && offset + length >= size);

/** Rejects with the signal's reason. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

interface Reading {
  bytes: number;
  hash: Hash;
  isDone: boolean;
  /** Why the source could not be read to its end. */
  failure?: Error;
}

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
  try {
    const bytes = counted(source, isWhole ? 0 : offset, reading.hash);
    const good = isWhole && before ? compared(bytes, source.name, reading.hash, before) : bytes;
    for await (const chunk of limited(skipping(good, isWhole ? offset : 0), length)) {
      reading.bytes += chunk.length;
      yield chunk;
    }
    if (isWhole && !before) {
      await accepted.sendHashes?.(new Map([['sha-256', reading.hash.copy().digest()]]));
    }
    reading.isDone = true;
  } catch (error) {
    reading.failure = error as Error;
    // Before the bytestream is broken off for it, which says less.
    void accepted.cancel();
    throw error;
  }
}

/** The bytes from `offset` on. Throws `SourceChanged` when they are not as many as they were, before one too many. */
async function* counted(
  { name, size, read }: Source,
  offset: number,
  hash: { update(bytes: Buffer): void },
  buffer?: Buffer,
) {
  let count = offset;
  const changed = () =>
    new SourceChanged(
      `${name} changed while it was sent: ${size} bytes before, ${count} now; send it again`,
    );
  for await (const chunk of read(offset, buffer)) {
    count += chunk.length;
    if (size !== undefined && count > size) throw changed();
    hash.update(chunk);
    yield chunk;
  }
  if (size !== undefined && count !== size) throw changed();
}

/**
 * The same bytes, the last of them only when all have the digest: a recipient that knows the size needs no close to take
 * them for the whole. Throws `SourceChanged`.
 */
async function* compared(bytes: AsyncIterable<Buffer>, name: string, hash: Hash, digest: Buffer) {
  let last: Buffer | undefined;
  for await (const chunk of bytes) {
    if (last) yield last;
    last = chunk;
  }
  if (!hash.copy().digest().equals(digest)) {
    throw new SourceChanged(`${name} changed while it was sent`);
  }
  if (last) yield last;
}

/** Without the first `count` bytes. */
async function* skipping(bytes: AsyncIterable<Buffer>, count: number) {
  let rest = count;
  for await (const chunk of bytes) {
    if (chunk.length > rest) yield chunk.subarray(rest);
    rest = Math.max(rest - chunk.length, 0);
  }
}

/** The first `length` bytes. */
async function* limited(bytes: AsyncIterable<Buffer>, length = Number.POSITIVE_INFINITY) {
  let rest = length;
  for await (const chunk of bytes) {
    yield chunk.subarray(0, rest);
    rest -= chunk.length;
    if (rest <= 0) return;
  }
}
