import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MAX_COMPONENTS } from '../../protocol/file-offer.js';
import { emptyFolder, type Found, fileBelow, isBelow, sizeAt, unreadable } from './file-below.js';
import { type Outline, type Source, type SourceFolder, SourceUnreadable } from './source.js';

interface Folder {
  /** Its real path: links lead out of it or not. */
  root: string;
  /** Hears of what is left out. */
  warn: (text: string) => void;
}

/** What is sent of a folder, in its place among the others; with `error`, what cannot be. */
interface Item extends Found {
  kind: 'file' | 'folder';
  error?: Error;
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
  return {
    name,
    walk: () => sources(root, items({ root, warn }, top)),
    // What is left out is told when it is walked.
    outline: () => outlines(items({ root, warn: () => undefined }, top)),
  };
}

async function* sources(root: string, all: AsyncIterable<Item>): AsyncGenerator<Source> {
  for await (const { error, kind, ...found } of all) {
    if (error) yield unreadable(found.path, error);
    else yield kind === 'file' ? await fileBelow(root, found) : emptyFolder(found.path);
  }
}

async function* outlines(all: AsyncIterable<Item>): AsyncGenerator<Outline> {
  for await (const { error, kind, at } of all) {
    if (error) yield { size: 0 };
    else yield kind === 'file' ? { size: await sizeAt(at) } : { size: 0, isFolder: true };
  }
}

/**
 * The files below a folder, each folder in the order of its names, and the folders in which there is none. One listing
 * for each level is held at a time.
 */
async function* items(folder: Folder, here: Found): AsyncGenerator<Item> {
  let isEmpty = true;
  try {
    for (const entry of await entriesOf(here)) {
      const found = { at: join(here.at, entry.name), path: [...here.path, entry.name] };
      for await (const item of what(folder, found, entry)) {
        isEmpty = false;
        yield item;
      }
    }
    if (isEmpty) yield { ...here, kind: 'folder' };
  } catch (error) {
    yield { ...here, kind: 'folder', error: error as Error };
  }
}

async function entriesOf({ at, path }: Found): Promise<Dirent[]> {
  // The walk ends at the depth that a path may have.
  if (path.length >= MAX_COMPONENTS) throw new SourceUnreadable('it is too deep below the folder');
  const entries = await readdir(at, { withFileTypes: true });
  return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function* what(folder: Folder, found: Found, entry: Dirent): AsyncGenerator<Item> {
  const shown = found.path.join('/');
  if (entry.isDirectory()) yield* items(folder, found);
  else if (entry.isFile()) yield { ...found, kind: 'file' };
  else if (!entry.isSymbolicLink()) folder.warn(`${shown} is no file, and is left out`);
  else if (await leadsToFile(folder, found)) yield { ...found, kind: 'file' };
  else folder.warn(`${shown} is a link to what is no file below the folder, and is left out`);
}

async function leadsToFile({ root }: Folder, { at }: Found): Promise<boolean> {
  try {
    return isBelow(root, await realpath(at)) && (await stat(at)).isFile();
  } catch {
    return false; // to nothing, or round in a circle
  }
}
