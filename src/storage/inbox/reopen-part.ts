import { constants, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { type Files, unless } from '../files.js';
import type { Hashes } from '../running-hashes.js';
import { type Journal, partPath } from './journal.js';
import type { Kept } from './kept-partials.js';

/** Bytes read at a time. */
const CHUNK = 1024 * 1024;

interface Reading {
  /** What is read goes into them. */
  hashes: Hashes;
  /** Called with the bytes of each part of it; what it throws ends the reading. */
  onRead: ((bytes: number) => void) | undefined;
}

/**
 * Opens a kept part to go on with, cut to what its journal vouches for, which is read again. Resolves to `undefined` when
 * it is not what it was.
 */
export async function reopenPart(
  files: Files,
  staging: string,
  { id, journal }: Kept,
  reading: Reading,
): Promise<FileHandle | undefined> {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW;
  const handle = await unless(['ENOENT', 'ELOOP'], files.open(partPath(staging, id), flags));
  if (!handle) return undefined;
  let good = false;
  try {
    good = (await unless(['EIO'], isRestored(handle, journal, reading))) ?? false;
  } finally {
    if (!good) await handle.close();
  }
  return good ? handle : undefined;
}

/** Goes by the look. A second name is that of a published file, which must never be written to again. */
export function isIntact(stats: Stats, { durable }: Journal): boolean {
  return stats.isFile() && stats.nlink === 1 && stats.size >= durable;
}

async function isRestored(
  handle: FileHandle,
  journal: Journal,
  { hashes, onRead }: Reading,
): Promise<boolean> {
  if (!isIntact(await handle.stat(), journal)) return false;
  await handle.truncate(journal.durable);
  const chunk = Buffer.allocUnsafe(CHUNK);
  for (let position = 0; position < journal.durable; ) {
    const wanted = Math.min(CHUNK, journal.durable - position);
    const { bytesRead } = await handle.read(chunk, 0, wanted, position);
    if (bytesRead === 0) return false;
    hashes.update(chunk.subarray(0, bytesRead));
    position += bytesRead;
    onRead?.(bytesRead);
  }
  return hashes.digest('sha256').toString('hex') === journal.sha256;
}
