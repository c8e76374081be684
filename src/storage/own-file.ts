import { constants, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import * as fs from 'node:fs/promises';
import { type Files, unless } from './files.js';
import { writeWhole } from './whole-file.js';

/**
 * Something else is where a file of ours should be, and is left as it is: a pipe, a link, a folder, or a file that is far
 * too large or of something else; or another user's folder is where one of ours should be.
 */
export class NoFileOfOurs extends Error {
  override readonly name = 'NoFileOfOurs';
  constructor(path: string, what = 'file', why = `is no ${what} of inband`) {
    super(`${path} ${why}`);
  }
}

/** A folder is where a file of ours should be. */
export const folderInPlace = (path: string): NoFileOfOurs =>
  new NoFileOfOurs(path, 'file', 'is a folder');

interface OwnFile {
  handle: FileHandle;
  stats: Stats;
}

interface Reading {
  files?: Pick<Files, 'open'>;
  /** Bytes: what is larger is none of ours. */
  most?: number;
  /** What it is called where it is none. */
  what?: string;
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Opens a file that inband has written; `undefined`: there is none. A pipe in its place must not be waited for: the
 * thread that waits would be ended by no signal. Rejects with `NoFileOfOurs`.
 */
export async function openOwn(
  path: string,
  { files = fs, most = Number.POSITIVE_INFINITY, what }: Reading = {},
): Promise<OwnFile | undefined> {
  const handle = await unless(['ENOENT', 'ENOTDIR'], openAt(files, path, what));
  if (!handle) return undefined;
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw folderInPlace(path);
    if (!stats.isFile() || stats.size > most) throw new NoFileOfOurs(path, what);
    return { handle, stats };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The bytes of such a file. `check` throws for one that is not to be read. */
export async function readOwn(
  path: string,
  { check, ...reading }: Reading & { check?: (stats: Stats) => void } = {},
): Promise<Buffer | undefined> {
  const opened = await openOwn(path, reading);
  if (!opened) return undefined;
  const { handle, stats } = opened;
  try {
    check?.(stats);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Makes or replaces such a file, as `writeWhole` does. Rejects with `NoFileOfOurs` where a folder is in its place. */
export async function writeOwn(...[path, ...what]: Parameters<typeof writeWhole>): Promise<void> {
  await unlessFolder(path, writeWhole(path, ...what));
}

/** Removes such a file, or what is in its place, if there is any. Rejects with `NoFileOfOurs` for a folder, which stays. */
export async function removeOwn(path: string, files: Pick<Files, 'rm'> = fs): Promise<void> {
  await unlessFolder(path, files.rm(path, { force: true }));
}

/** Rejects with `NoFileOfOurs` where an operation on a file fails because a folder is in its place. */
export async function unlessFolder<T>(path: string, operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw (await isOverFolder(path, error as Error)) ? folderInPlace(path) : error;
  }
}

/** POSIX has one code for the removal of a folder as a file, and of what may not be removed. */
async function isOverFolder(path: string, { code }: NodeJS.ErrnoException): Promise<boolean> {
  if (code !== 'EPERM') return OVER_FOLDER.has(code);
  return fs.lstat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** What the system says of a folder where a file is to be, and Node. */
const OVER_FOLDER = new Set<string | undefined>(['EISDIR', 'ERR_FS_EISDIR']);

/** The system says of a link that it may not be followed, and of a socket that there is nobody. */
async function openAt(
  files: Pick<Files, 'open'>,
  path: string,
  what?: string,
): Promise<FileHandle> {
  try {
    return await files.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw ['ELOOP', 'EMLINK', 'ENXIO'].includes(code) ? new NoFileOfOurs(path, what) : error;
  }
}
