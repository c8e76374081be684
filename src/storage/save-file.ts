import { randomUUID } from 'node:crypto';
import { realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { writeWhole } from './blob-files.js';
import { placeFile } from './place-file.js';
import { safeName } from './safe-name.js';

/**
 * Writes a file in one step and returns its absolute path: `over` the file named, or under the next
 * free `name` in the working directory. Errors are the file system's own.
 */
export async function saveFile(
  bytes: Uint8Array,
  where: { over: string } | { name: string },
): Promise<string> {
  if ('over' in where) return saveOver(bytes, resolve(where.over));
  const path = resolve(safeName(where.name));
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  await writeWhole(temporary, bytes);
  return placeFile(temporary, dirname(path), safeName(where.name));
}

/** A link stays one, and what is no regular file (a device, a pipe) is written to. */
async function saveOver(bytes: Uint8Array, path: string): Promise<string> {
  const there = await stat(path).catch(async (error) => {
    if (error.code !== 'ENOENT') throw error;
    await stat(dirname(path)); // or the error would name a file that nobody knows
  });
  if (there && !there.isFile()) await writeFile(path, bytes);
  else await writeWhole(there ? await realpath(path) : path, bytes);
  return path;
}
