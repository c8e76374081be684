import type { Stats } from 'node:fs';
import { lstat, readdir, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT } from '../directories.js';
import { unless } from '../files.js';
import { folderInPlace, NoFileOfOurs, readOwn, unlessFolder } from '../own-file.js';
import { temporaryBeside } from '../whole-file.js';

// The files of a blob folder: `<algorithm>/<hh>/<hex>` and beside it `<hex>.json`, each replaced as a whole.

const TEMPORARY = /^[0-9a-f-]{36}\.tmp$/;

/** The files in one `<algorithm>/<hh>`. */
interface Shelf {
  algorithm: string;
  path: string;
  /** The `<hex>` of data, of sidecars, or of both. */
  hashes: string[];
  /** Names of files being written or removed, or left by a process that was killed at it. */
  temporaries: string[];
}

/** Where the blob is, or `undefined` when the algorithm or the hash is not fit for a path. */
export function blobPath(root: string, algorithm: string, hash: string): string | undefined {
  if (!/^[a-z0-9-]{1,64}$/.test(algorithm) || !/^[0-9a-f]{2,128}$/.test(hash)) return undefined;
  return join(root, algorithm, hash.slice(0, 2), hash);
}

export function sidecarPath(path: string): string {
  return `${path}.json`;
}

/**
 * Rejects with `NoFileOfOurs` where a link leads to other files, which are not ours to replace or to remove: one in the
 * folder, in place of those above a blob, or another user's in place of the folder. A user may keep it on another disk,
 * or root for them.
 */
export async function checkFolders(root: string, path?: string): Promise<void> {
  const link = await linkAt(root);
  if (link && ![ROOT, process.geteuid?.() ?? link.uid].includes(link.uid))
    throw new NoFileOfOurs(root, 'folder');
  for (const folder of path === undefined ? [] : [dirname(dirname(path)), dirname(path)]) {
    if (await linkAt(folder)) throw new NoFileOfOurs(folder, 'folder');
  }
}

async function linkAt(path: string): Promise<Stats | undefined> {
  const stats = await ifPresent(lstat(path));
  return stats?.isSymbolicLink() ? stats : undefined;
}

/** Walks the folder; what is not ours in it is left out. Rejects as `checkFolders`. */
export async function* shelves(root: string): AsyncGenerator<Shelf> {
  await checkFolders(root);
  for (const algorithm of await folders(root, /^[a-z0-9-]+$/)) {
    for (const prefix of await folders(join(root, algorithm), /^[0-9a-f]{2}$/)) {
      const path = join(root, algorithm, prefix);
      const files = await names(path, /^[0-9a-f]+(\.json)?$|\.tmp$/);
      const temporaries = files.filter((name) => TEMPORARY.test(name));
      const others = files.filter((name) => !name.endsWith('.tmp'));
      const hashes = [...new Set(others.map((name) => name.replace('.json', '')))];
      yield { algorithm, path, hashes, temporaries };
    }
  }
}

async function names(path: string, pattern: RegExp): Promise<string[]> {
  const all = (await ifPresent(readdir(path))) ?? [];
  return all.filter((name) => pattern.test(name));
}

/** Links are left out. */
async function folders(path: string, pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for (const name of await names(path, pattern)) {
    if (!(await linkAt(join(path, name)))) found.push(name);
  }
  return found;
}

/** `undefined` where the file is gone: other processes remove them at any time. */
export const ifPresent = <T>(operation: Promise<T>): Promise<T | undefined> =>
  unless(['ENOENT', 'ENOTDIR'], operation);

/** `undefined` where it is gone. A pipe, a link or a folder in its place is as damaged as a file that was emptied. */
export const bytesIfPresent = (path: string): Promise<Buffer | undefined> =>
  readOwn(path).catch((error: Error) => {
    if (error instanceof NoFileOfOurs) return Buffer.alloc(0);
    throw error;
  });

export const textIfPresent = async (path: string): Promise<string | undefined> =>
  (await bytesIfPresent(path))?.toString('utf8');

/**
 * Returns whether there was data: of several who remove it at once, to one. Rejects with `NoFileOfOurs` where one of the
 * files is a folder, which stays.
 */
export async function removeBlob(path: string): Promise<boolean> {
  const wasThere = await removeIfPresent(path);
  await removeIfPresent(sidecarPath(path));
  return wasThere;
}

/** Returns whether it was there. `rm` would not tell, and a look before would tell it to several. */
const removeIfPresent = async (path: string): Promise<boolean> =>
  (await unlessFolder(path, ifPresent(unlink(path).then(() => true)))) ?? false;

/**
 * Removes a blob and its sidecar, unless the sidecar is no longer `judged` (`undefined`: absent): then the blob was
 * put again meanwhile, and stays. Both are moved aside before the comparison, for between a look and an
 * `unlink` a put would be lost. Putting back may replace what a third process has just put: the same bytes. Rejects with
 * `NoFileOfOurs` where one of them is a folder, which stays.
 */
export async function removeUnlessPutAgain(
  path: string,
  judged: string | undefined,
): Promise<void> {
  for (const one of [path, sidecarPath(path)]) {
    if ((await ifPresent(lstat(one)))?.isDirectory()) throw folderInPlace(one);
  }
  const data = await moveAside(path);
  const sidecar = await moveAside(sidecarPath(path));
  const found = await textIfPresent(sidecar);
  if (found !== judged) {
    await ifPresent(rename(data, path));
    await ifPresent(rename(sidecar, sidecarPath(path)));
  }
  await Promise.all([rm(data, { force: true }), rm(sidecar, { force: true })]);
}

async function moveAside(path: string): Promise<string> {
  const temporary = temporaryBeside(path);
  await ifPresent(rename(path, temporary));
  return temporary;
}
