import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes random bytes to a file and returns their SHA-256. */
export async function writeRandom(path: string, size: number): Promise<string> {
  const bytes = randomBytes(size);
  await writeFile(path, bytes);
  return sha256(bytes);
}

export const sha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

export const hashOfFile = async (path: string): Promise<string> => sha256(await readFile(path));

/** Resolves as soon as `isSo`, which is asked again whenever something has changed in the folder; this must be there. */
export async function changesUntil(
  folder: string,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const watcher = watch(folder);
  try {
    for (;;) {
      const changed = once(watcher, 'change');
      if (await isSo()) return;
      await changed;
    }
  } finally {
    watcher.close();
  }
}

/** Resolves as soon as there is such a file. */
export const appears = (path: string): Promise<void> =>
  changesUntil(dirname(path), () => existsSync(path));
