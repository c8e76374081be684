import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { knownDate } from '../../protocol/file-offer.js';

/** Bytes of a read: enough that reading costs little. */
export const READ_BYTES = 256 * 1024;

/** The rest of a file, from `position` on, or of what has no positions. The handle stays open. */
export async function* read(
  handle: FileHandle,
  position: number | undefined,
  shared: Buffer | undefined,
): AsyncGenerator<Buffer> {
  for (let at = position; ; ) {
    const buffer = shared ?? Buffer.allocUnsafe(READ_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at ?? null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    if (at !== undefined) at += bytesRead;
  }
}

/** When a file was last changed; nothing before 1970, which file systems without dates say. */
export const knownModified = ({ mtimeMs, mtime }: Stats): Date | undefined =>
  mtimeMs >= 0 ? knownDate(mtime) : undefined;
