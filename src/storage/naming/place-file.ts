import { randomInt } from 'node:crypto';
import { basename, join } from 'node:path';
import { type Files, unless } from '../files.js';
import { DANGLING, firstBytes, MAX_NAME_BYTES } from '../safe-name.js';

/** How file systems say that they have no hard links (Android says EACCES, Windows of FAT EISDIR). */
const NO_HARD_LINKS = new Set(['EPERM', 'EACCES', 'EISDIR', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

interface PlaceOptions {
  files: Files;
  /** Hears of each free name before the file gets it. */
  beforeName?: ((name: string) => Promise<void>) | undefined;
  /** Hears of each name before an empty file takes it, which is left there if the process ends then. */
  beforePlaceholder?: (name: string) => Promise<void>;
}

/**
 * Gives a file a name in a directory of the same file system, `name` or the next free `name (1).ext`, in one
 * step that replaces and follows nothing. Returns the new path. The old one may go on to exist, as a second name.
 */
export async function placeFile(
  from: string,
  directory: string,
  name: string,
  options: PlaceOptions,
): Promise<string> {
  const path = (free: string) => join(directory, free);
  const isTaken = async (one: string) =>
    (await unless(['ENOENT'], options.files.lstat(path(one)))) !== undefined;
  return takeFreeName(name, isTaken, async (free) => {
    const isPlaced = await unless(['EEXIST'], place(from, path(free), options));
    return isPlaced ? path(free) : undefined;
  });
}

/** Calls `take` with `name`, or the next free `name (1).ext`, until it has got one. */
export async function takeFreeName<T>(
  name: string,
  isTaken: (name: string) => Promise<boolean>,
  take: (name: string) => Promise<T | undefined>,
): Promise<T> {
  const isCountTaken = (count: number) => isTaken(numbered(name, count));
  for (let count = 0; ; count = await freeAfter(count, isCountTaken)) {
    const taken = await take(numbered(name, count));
    if (taken !== undefined) return taken;
  }
}

/** So many of one name nobody has; who has taken numbers beyond it on purpose gets any other. */
const MAX_COUNT = 2 ** 40;
const LARGEST_COUNT = 2 ** 48 - 1;

/** A free number whose predecessor is taken, found in few looks: whoever may send can take 200,000 of one name. */
async function freeAfter(
  count: number,
  isTaken: (count: number) => Promise<boolean>,
): Promise<number> {
  let taken = count;
  let free = count + 1;
  for (let step = 1; await isTaken(free); step *= 2) {
    if (free > MAX_COUNT) return randomInt(MAX_COUNT, LARGEST_COUNT);
    taken = free;
    free += step;
  }
  while (free - taken > 1) {
    const middle = Math.floor((taken + free) / 2);
    if (await isTaken(middle)) taken = middle;
    else free = middle;
  }
  return free;
}

function numbered(name: string, count: number): string {
  if (count === 0) return name;
  const [, stem = name, extension = ''] = /^(.+?)((?:\.tar)?\.[A-Za-z0-9]{1,8})$/.exec(name) ?? [];
  const end = ` (${count})${extension}`;
  const kept = firstBytes(stem, MAX_NAME_BYTES - Buffer.byteLength(end));
  return (kept === stem ? stem : kept.replace(DANGLING, '')) + end;
}

/** Returns whether `to` was free, or rejects with EEXIST; a dangling symlink takes a name too. */
async function place(from: string, to: string, options: PlaceOptions): Promise<boolean> {
  const { files, beforeName, beforePlaceholder } = options;
  if (beforeName) {
    if (await unless(['ENOENT'], files.lstat(to))) return false;
    await beforeName(basename(to));
  }
  try {
    await files.link(from, to);
    return true;
  } catch (error) {
    if (!NO_HARD_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  // A file that is there already must not be announced as ours.
  if (await unless(['ENOENT'], files.lstat(to))) return false;
  await beforePlaceholder?.(basename(to));
  await renameOverPlaceholder(files, from, to);
  return true;
}

/** Without hard links the name is first taken by an empty file, which only this call may then replace. */
async function renameOverPlaceholder(files: Files, from: string, to: string): Promise<void> {
  const placeholder = await files.open(to, 'wx', 0o600);
  try {
    await placeholder.close();
    await files.rename(from, to);
  } catch (error) {
    await files.rm(to, { force: true });
    throw error;
  }
}
