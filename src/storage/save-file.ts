import { randomUUID } from 'node:crypto';
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
  const path = resolve('over' in where ? where.over : safeName(where.name));
  if ('over' in where) {
    await writeWhole(path, bytes);
    return path;
  }
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  await writeWhole(temporary, bytes);
  return placeFile(temporary, dirname(path), safeName(where.name));
}
