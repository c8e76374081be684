import { constants, type Dirent, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import mime from 'mime';
import { isOfferedPath, MAX_COMPONENTS } from '../../protocol/file-offer.js';
import { knownModified, read } from './read-file.js';
import { type Source, SourceChanged, type SourceFolder, SourceUnreadable } from './source.js';

/** A system without it does not wait for the writer of a FIFO. */
const { O_RDONLY, O_NONBLOCK = 0 } = constants;
const MAY_RUN = 0o100;

interface Folder {
  /** Its real path: links lead out of it or not. */
  root: string;
  /** Hears of what is left out. */
  warn: (text: string) => void;
}

/** What is in a folder, or that folder, with the components of its path from the first folder on. */
interface Found {
  at: string;
  path: readonly string[];
}

/** A folder whose files are to be sent; it is called as its real path is, wherever the name that was given leads. */
export async function openFolder(
  given: string,
  warn: (text: string) => void,
): Promise<SourceFolder | undefined> {
  const root = await realpath(given);
  const name = basename(root);
  if (name === '') return undefined;
  const top = { at: root, path: [name] };
  return { name, walk: () => walk({ root, warn }, top), sizes: () => sizesBelow(top) };
}

/**
 * The files below a folder, each folder in the order of its names, and the folders in which there is none. One listing
 * for each level is held at a time. What cannot be read is there, and fails when it is.
 */
async function* walk(folder: Folder, here: Found): AsyncGenerator<Source> {
  let isEmpty = true;
  try {
    for (const entry of await entriesOf(here)) {
      const found = { at: join(here.at, entry.name), path: [...here.path, entry.name] };
      for await (const source of what(folder, found, entry)) {
        isEmpty = false;
        yield source;
      }
    }
    if (isEmpty) yield emptyFolder(checked(here.path));
  } catch (error) {
    yield unreadable(here.path, error as Error);
  }
}

async function entriesOf({ at, path }: Found): Promise<Dirent[]> {
  // The walk ends at the depth that a path may have.
  if (path.length >= MAX_COMPONENTS) throw new SourceUnreadable('it is too deep below the folder');
  const entries = await readdir(at, { withFileTypes: true });
  return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function* what(folder: Folder, found: Found, entry: Dirent): AsyncGenerator<Source> {
  const shown = found.path.join('/');
  if (entry.isDirectory()) yield* walk(folder, found);
  else if (entry.isFile()) yield await fileSource(folder, found);
  else if (!entry.isSymbolicLink()) folder.warn(`${shown} is no file, and is left out`);
  else if (await leadsToFile(folder, found)) yield await fileSource(folder, found);
  else folder.warn(`${shown} is a link to what is no file below the folder, and is left out`);
}

async function leadsToFile({ root }: Folder, { at }: Found): Promise<boolean> {
  try {
    return isBelow(root, await realpath(at)) && (await stat(at)).isFile();
  } catch {
    return false; // to nothing, or round in a circle
  }
}

async function fileSource({ root }: Folder, { at, path }: Found): Promise<Source> {
  try {
    checked(path);
    const { handle, stats } = await openBelow(root, at);
    await handle.close();
    const date = knownModified(stats);
    const mediaType = mime.getType(at);
    return {
      ...{ name: basename(at), path, size: stats.size },
      ...(date ? { date } : {}),
      ...(mediaType ? { mediaType } : {}),
      ...((stats.mode & MAY_RUN) === 0 ? {} : { isExecutable: true }),
      read: (offset, buffer) => readBelow(root, at, stats, offset, buffer),
    };
  } catch (error) {
    return unreadable(path, error as Error);
  }
}

function checked(path: readonly string[]): readonly string[] {
  if (!isOfferedPath(path)) throw new SourceUnreadable('its path is too long');
  return path;
}

async function* readBelow(
  root: string,
  at: string,
  before: Stats,
  offset: number,
  buffer: Buffer | undefined,
) {
  try {
    const { handle, stats } = await openBelow(root, at);
    try {
      if (!isSame(stats, before) || stats.mtimeMs !== before.mtimeMs) throw changed(at);
      yield* read(handle, offset, buffer);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw asUnreadable(error as Error, basename(at)); // one of many: the others are sent all the same
  }
}

/**
 * Opens a file that is below the folder at that moment: whoever may write there could put a link to another file of
 * ours in the place of it, or of a folder that leads to it. Rejects with `SourceChanged`.
 */
async function openBelow(root: string, at: string): Promise<{ handle: FileHandle; stats: Stats }> {
  const handle = await open(at, O_RDONLY | O_NONBLOCK);
  try {
    const stats = await handle.stat();
    const real = await realpath(at);
    const isThere = stats.isFile() && isBelow(root, real) && isSame(stats, await lstat(real));
    if (!isThere) throw changed(at);
    return { handle, stats };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const isSame = (one: Stats, other: Stats): boolean =>
  one.dev === other.dev && one.ino === other.ino;

const isBelow = (root: string, path: string): boolean => path.startsWith(`${root}${sep}`);

const changed = (at: string) => new SourceChanged(`${at} changed while it was sent`);

const emptyFolder = (path: readonly string[]): Source => ({
  ...{ name: path.at(-1) as string, path, size: 0, isFolder: true },
  async *read() {},
});

/** It is in its place among the others, and fails alone. */
function unreadable(path: readonly string[], error: Error): Source {
  const name = path.at(-1) as string;
  return {
    ...{ name, path, size: 0 },
    // biome-ignore lint/correctness/useYield: what cannot be read has no bytes
    async *read() {
      throw asUnreadable(error, name);
    },
  };
}

/** As the failure of one file, which says nothing of the others. */
function asUnreadable(error: Error, name: string): Error {
  if (error instanceof SourceChanged) return error;
  const [, reason = error.message] = /^\w+: (.+?), \w+/.exec(error.message) ?? [];
  const why = name.includes('\ufffd')
    ? 'its name is not UTF-8, and such files cannot be opened'
    : reason;
  return new SourceUnreadable(`it cannot be read: ${why}`, { cause: error });
}

/** The sizes of the files that would be sent now, as far as may be known at a glance. */
async function sizesBelow({ at, path }: Found): Promise<number[]> {
  const sizes: number[] = [];
  if (path.length >= MAX_COMPONENTS) return sizes;
  for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
    const found = { at: join(at, entry.name), path: [...path, entry.name] };
    if (entry.isDirectory()) for (const size of await sizesBelow(found)) sizes.push(size);
    else if (entry.isFile()) sizes.push((await lstat(found.at).catch(() => undefined))?.size ?? 0);
  }
  return sizes;
}
