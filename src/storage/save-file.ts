import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { unless } from './files.js';
import { placeFile } from './naming/place-file.js';
import { safeName } from './safe-name.js';
import { inPlaceOf, writeWhole } from './whole-file.js';
import { writePipe } from './write-pipe.js';

/**
 * Writes a file in one step and returns its absolute path: `over` the file named, whose mode stays, or under the
 * next free `name` in a folder, made if absent, or in the working directory, mode 0600; a file of that name with these
 * very bytes stays as it is. A FIFO waits for its reader until the signal aborts. Errors are
 * the file system's own.
 */
export async function saveFile(
  bytes: Uint8Array,
  where: { over: string } | { name: string; folder?: string | undefined },
  signal = new AbortController().signal,
  files: typeof fs = fs,
): Promise<string> {
  if ('over' in where) {
    const path = resolve(where.over);
    if ((await unless(['ENOENT'], files.stat(path)))?.isFIFO())
      await writePipe(path, bytes, signal);
    else await saveOver(files, bytes, path);
    return path;
  }
  const name = safeName(where.name);
  const folder = resolve(where.folder ?? '.');
  if (where.folder !== undefined) await files.mkdir(folder, { recursive: true });
  const path = join(folder, name);
  if (await isThere(files, path, bytes)) return path;
  return beside(files, path, bytes, (temporary) => placeFile(temporary, folder, name, { files }));
}

/** A link stays one, and what is no regular file (a device, a pipe) is written to. */
async function saveOver(files: typeof fs, bytes: Uint8Array, path: string): Promise<void> {
  const there = await unless(['ENOENT'], files.stat(path));
  if (!there) {
    await files.stat(dirname(path)); // or the error would name a file that nobody knows
    await writeWhole(path, bytes, { files });
  } else if (there.isFile()) {
    const real = await files.realpath(path);
    await beside(files, real, bytes, async (temporary) => {
      await files.chmod(temporary, there.mode & 0o777);
      await files.rename(temporary, real);
    });
  } else {
    await files.writeFile(path, bytes);
  }
}

/** Whether a file of this name has these very bytes. */
async function isThere(files: typeof fs, path: string, bytes: Uint8Array): Promise<boolean> {
  const there = await unless(['ENOENT'], files.lstat(path));
  if (!there?.isFile() || there.size !== bytes.length) return false;
  return (await files.readFile(path)).equals(bytes);
}

/**
 * Lets `use` name a temporary file with these bytes, in the folder of `path`, and removes what is left of it, whatever
 * happens. Errors are of `path`.
 */
async function beside<T>(
  files: typeof fs,
  path: string,
  bytes: Uint8Array,
  use: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await writeWhole(temporary, bytes, { files });
    return await use(temporary);
  } catch (error) {
    throw inPlaceOf(error as NodeJS.ErrnoException, temporary, path);
  } finally {
    await files.rm(temporary, { force: true });
  }
}
