import type { Stats } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import { withHints } from '../../session/hints.js';
import { SourceUnusable } from './source.js';

/**
 * Looks at a file that the user named; `instead`: what to do where its name cannot be given to the system. Rejects with
 * `SourceUnusable`, and as `stat` does.
 */
export async function statNamed(path: string, instead: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    // The shell leaves a pattern as it is where no file fits.
    if (isMissing && /[*?[]/.test(path)) throw withHints(error as Error, 'nothing has such a name');
    // Node puts this character in place of what is not UTF-8, and cannot give such a name to the system.
    if (!isMissing || !path.includes('\ufffd')) throw error;
    const text = `the name "${path}" is not UTF-8, and files of such names cannot be opened`;
    throw withHints(new SourceUnusable(text, { cause: error }), instead);
  }
}

/** Files as small as this are read to see whether their size is true: those of /proc say 0, those of /sys 4096. */
const DOUBTED_BYTES = 65_536;

/** Whether there are as many bytes in a regular file as it says. */
export async function hasItsSize(handle: FileHandle, size: number): Promise<boolean> {
  if (size > DOUBTED_BYTES) return true;
  const buffer = Buffer.allocUnsafe(size + 1);
  for (let count = 0; count <= size; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length - count, count);
    if (bytesRead === 0) return count === size;
    count += bytesRead;
  }
  return false;
}
