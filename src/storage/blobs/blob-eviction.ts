import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifPresent, removeBlob, shelves } from './blob-files.js';

export interface BlobLimits {
  /** Blobs. */
  entries: number;
  /** Bytes of all blobs together. */
  bytes: number;
}

/**
 * Removes the oldest blobs until the rest are within the limits. Resolves to how many these were.
 * Goes by the data's size and time alone: reading all sidecars would take seconds after each put to a full cache.
 */
export async function evict(root: string, limits: BlobLimits): Promise<number> {
  const blobs = await oldestFirst(root);
  let entries = blobs.length;
  let bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  const before = entries;
  for (const { path, size } of blobs) {
    if (entries <= limits.entries && bytes <= limits.bytes) break;
    await removeBlob(path);
    entries -= 1;
    bytes -= size;
  }
  return before - entries;
}

async function oldestFirst(root: string) {
  const blobs: { path: string; size: number; mtimeMs: number }[] = [];
  for await (const shelf of shelves(root)) {
    const paths = shelf.hashes.map((hash) => join(shelf.path, hash));
    const stats = await Promise.all(paths.map((path) => ifPresent(stat(path))));
    for (const [index, path] of paths.entries()) {
      const found = stats[index];
      if (found?.isFile()) blobs.push({ path, size: found.size, mtimeMs: found.mtimeMs });
    }
  }
  return blobs.sort((a, b) => a.mtimeMs - b.mtimeMs);
}
