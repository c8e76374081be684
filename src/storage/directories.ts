import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Files, unless } from './files.js';
import { NoFileOfOurs } from './own-file.js';

const { O_DIRECTORY, O_NOFOLLOW } = constants;
const OTHERS_MAY_WRITE = 0o022;
/** The user who can do anything anyway. */
export const ROOT = 0;
/** It has no modes, so that a directory is as private as the one it is in; and it cannot sync one. */
const IS_WINDOWS = process.platform === 'win32';

type Making = Pick<Files, 'mkdir' | 'stat'>;

/**
 * Makes a directory and those above it, as `mkdir -p`, also while others make the same ones; returns those that it
 * made. Node's own never ends below a directory in which none can be made and which says ENOENT, such as /proc.
 */
export async function makeDirectories(
  files: Making,
  path: string,
  mode: number,
): Promise<string[]> {
  if (await isDirectory(files, path)) return [];
  const above = dirname(path) === path ? [] : await makeDirectories(files, dirname(path), mode);
  try {
    await files.mkdir(path, { mode });
    return [...above, path];
  } catch (error) {
    if (await isDirectory(files, path)) return above;
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw Object.assign(new Error(`${path} is no folder`), { syscall: 'mkdir' });
  }
}

async function isDirectory(files: Making, path: string): Promise<boolean> {
  return (await unless(['ENOENT', 'ENOTDIR'], files.stat(path)))?.isDirectory() ?? false;
}

/**
 * Makes or takes over a directory, mode 0700; follows no symlink, for another user may have put one there.
 * Returns whether it is private; on a file system without modes it cannot be made so. Rejects with
 * `NoFileOfOurs` where it is another user's.
 */
export async function makePrivateDirectory(files: Files, path: string): Promise<boolean> {
  await makeDirectories(files, path, 0o700);
  if (IS_WINDOWS) {
    if ((await files.lstat(path)).isDirectory()) return true;
    throw Object.assign(new Error(`${path} is a link`), { syscall: 'lstat' });
  }
  const handle = await files.open(path, O_DIRECTORY | O_NOFOLLOW);
  try {
    const stats = await handle.stat();
    await checkOwner(files, path, stats);
    if ((stats.mode & 0o777) === 0o700) return true;
    const made = handle.chmod(0o700).then(() => true);
    return (await unless(['EPERM', 'ENOTSUP'], made)) ?? false;
  } finally {
    await handle.close();
  }
}

/** The same as for a private one, of a directory that may be open to others, be reached by a link, and be root's. */
export async function checkOwnDirectory(files: Files, path: string): Promise<void> {
  if (IS_WINDOWS) return;
  const stats = await files.stat(path);
  if (stats.uid !== ROOT) await checkOwner(files, path, stats);
}

/**
 * Root may write into anybody's directory, and would do there what its owner has prepared. Some disks give all files to
 * one user, or root's to nobody: there, what is made in the directory shows whose it is.
 */
async function checkOwner(files: Files, path: string, { uid }: Stats): Promise<void> {
  if (uid === process.geteuid?.()) return;
  if ((await ownerOfMade(files, path)) !== uid)
    throw new NoFileOfOurs(path, 'folder', 'belongs to another user');
}

/**
 * Whose it is what we make there; `undefined` where nothing can be made. The open file is asked: its name may lead to
 * another one by then, or to none, for whoever cleans the directory removes such names.
 */
async function ownerOfMade(files: Files, path: string): Promise<number | undefined> {
  const made = join(path, `${randomUUID()}.tmp`);
  const handle = await unless(['EACCES', 'EPERM', 'EROFS'], files.open(made, 'wx', 0o600));
  if (!handle) return undefined;
  try {
    return (await handle.stat()).uid;
  } finally {
    await handle.close();
    await unless(['EACCES', 'EPERM', 'EROFS', 'ERR_FS_EISDIR'], files.rm(made, { force: true }));
  }
}

/** Whether the directory's group or everybody may put files into it. */
export async function othersMayWrite(files: Files, path: string): Promise<boolean> {
  if (IS_WINDOWS) return false;
  const handle = await files.open(path, O_DIRECTORY);
  try {
    return ((await handle.stat()).mode & OTHERS_MAY_WRITE) !== 0;
  } finally {
    await handle.close();
  }
}

/** Makes the names in the directory survive a power cut, where the file system can (network shares say EINVAL). */
export async function syncDirectory(files: Files, path: string): Promise<void> {
  if (IS_WINDOWS) return;
  const handle = await files.open(path, O_DIRECTORY);
  try {
    await unless(['EINVAL', 'ENOTSUP'], handle.sync());
  } finally {
    await handle.close();
  }
}
