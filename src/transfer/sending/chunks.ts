// The bytes of a source as it is read, chunk by chunk.
import type { Hash } from 'node:crypto';
import { type Source, SourceChanged } from '../sources/source.js';

/** The bytes from `offset` on. Throws `SourceChanged` when they are not as many as they were, before one too many. */
export async function* counted(
  { name, size, read }: Source,
  offset: number,
  hash: { update(bytes: Buffer): void },
  buffer?: Buffer,
) {
  let count = offset;
  const changed = () =>
    new SourceChanged(`${name} changed while it was sent: ${size} bytes before, ${count} now`);
  for await (const chunk of read(offset, buffer)) {
    count += chunk.length;
    if (size !== undefined && count > size) throw changed();
    hash.update(chunk);
    yield chunk;
  }
  if (size !== undefined && count !== size) throw changed();
}

/**
 * The same bytes, the last of them only when all have the digest: a recipient that knows the size needs no close to
 * take them for the whole. Throws `SourceChanged`.
 */
export async function* compared(
  bytes: AsyncIterable<Buffer>,
  { name, size }: { name: string; size: number },
  hash: Hash,
  digest: Buffer,
) {
  let last: Buffer | undefined;
  let count = 0;
  for await (const chunk of bytes) {
    count += chunk.length;
    if (count < size) yield chunk;
    else last = chunk; // nothing is read behind it, so that it stays as it is
  }
  if (!hash.copy().digest().equals(digest)) {
    throw new SourceChanged(`${name} changed while it was sent`);
  }
  if (last) yield last;
}

/** Without the first `count` bytes. */
export async function* skipping(bytes: AsyncIterable<Buffer>, count: number) {
  let rest = count;
  for await (const chunk of bytes) {
    if (chunk.length > rest) yield chunk.subarray(rest);
    rest = Math.max(rest - chunk.length, 0);
  }
}

/** The first `length` bytes. */
export async function* limited(bytes: AsyncIterable<Buffer>, length = Number.POSITIVE_INFINITY) {
  let rest = length;
  for await (const chunk of bytes) {
    yield chunk.subarray(0, rest);
    rest -= chunk.length;
    if (rest <= 0) return;
  }
}
