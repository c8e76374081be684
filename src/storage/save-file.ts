import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { unless } from './files.js';
import { placeFile } from './naming/place-file.js';
import { NoFileOfOurs, readOwn } from './own-file.js';
import { safeName } from './safe-name.js';
import { inPlaceOf, writeWhole } from './whole-file.js';
import { writePipe } from './write-pipe.js';

/** What may take the place of its like alone, and is its owner's alone: it goes into nobody else's pipe or device. */
interface Secret {
  /** What it is, for people. */
  what: string;
  /** Whether these bytes of a file are one, too. */
  isOne: (bytes: Buffer) => boolean;
}

/** Bytes: what has more is no secret. */
const MOST_SECRET_BYTES = 65_536;

/**
 * Writes a file in one step and returns its absolute path: `over` the file named, whose mode stays, or under the
 * next free `name` in a folder, made if absent, or in the working directory, mode 0600; a file of that name with these
 * very bytes stays as it is. A `secret` gets mode 0600, replaces none but an empty file or such a secret, and goes into no
 * pipe or device of another user, but for a character device of root's: else rejects with `NoFileOfOurs`. Its path is where
 * a link leads to. A FIFO waits for its reader until the signal aborts. Other errors are the file system's own.
 */
export async function saveFile(
  bytes: Uint8Array,
  where: { over: string; secret?: Secret } | { name: string; folder?: string | undefined },
  signal = new AbortController().signal,
  files: typeof fs = fs,
): Promise<string> {
  if ('over' in where) {
    const path = resolve(where.over);
    const there = await unless(['ENOENT'], files.stat(path));
    if (!there || there.isFile()) return await saveOver(files, bytes, path, there, where.secret);
    // Something else may be in its place by now.
    const check = (opened: Stats) => checkTaker(opened, path, where.secret);
    if (there.isFIFO()) {
      check(there); // or its reader would be waited for
      await writePipe(path, bytes, signal, check);
    } else await writeDevice(files, path, bytes, check);
    return path;
  }
  const name = safeName(where.name);
  const folder = resolve(where.folder ?? '.');
  if (where.folder !== undefined) await files.mkdir(folder, { recursive: true });
  const path = join(folder, name);
  if (await isThere(files, path, bytes)) return path;
  return beside(files, path, bytes, (temporary) => placeFile(temporary, folder, name, { files }));
}

/** Nothing is made in its place, should it be gone by now. */
async function writeDevice(
  files: typeof fs,
  path: string,
  bytes: Uint8Array,
  check: (opened: Stats) => void,
): Promise<void> {
  const handle = await files.open(path, constants.O_WRONLY);
  try {
    check(await handle.stat());
    await handle.writeFile(bytes);
  } finally {
    await handle.close();
  }
}

/** A pipe in a folder for all may be there to be read by whoever made it. */
function checkTaker(opened: Stats, path: string, secret?: Secret): void {
  if (opened.isFile()) throw new NoFileOfOurs(path, 'pipe', 'is another file by now');
  if (!secret) return;
  const isOwn = opened.uid === process.geteuid?.();
  if (opened.isCharacterDevice() ? isOwn || opened.uid === 0 : isOwn && opened.isFIFO()) return;
  const why = isOwn ? `is there already, and is no ${secret.what}` : 'belongs to another user';
  throw new NoFileOfOurs(path, secret.what, why);
}

/** Makes or replaces a file; a link to one stays. Returns the path; of a secret, where a link leads to. */
async function saveOver(
  files: typeof fs,
  bytes: Uint8Array,
  path: string,
  there: Stats | undefined,
  secret?: Secret,
): Promise<string> {
  if (!there) {
    await files.stat(dirname(path)); // or the error would name a file that nobody knows
    await writeWhole(path, bytes, { files });
    return path;
  }
  const real = await files.realpath(path);
  if (secret) await checkReplaced(real, path, secret, files);
  await beside(files, real, bytes, async (temporary) => {
    if (!secret) await files.chmod(temporary, there.mode & 0o777);
    await files.rename(temporary, real);
  });
  return secret ? real : path;
}

async function checkReplaced(
  real: string,
  path: string,
  { what, isOne }: Secret,
  files: typeof fs,
): Promise<void> {
  const reading = readOwn(real, { files, most: MOST_SECRET_BYTES });
  const bytes = await reading.catch((error: Error) => {
    if (!(error instanceof NoFileOfOurs)) throw error;
  });
  if (bytes && (bytes.length === 0 || isOne(bytes))) return;
  throw new NoFileOfOurs(path, what, `is there already, and is no ${what}`);
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
