import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MAX_COMPONENTS } from '../../protocol/file-offer.js';
import {
  emptyFolder,
  type Found,
  fileBelow,
  isBelow,
  type Sent,
  sizeAt,
  unreadable,
} from './file-below.js';
import { HAS_SECRETS, isOneOf, realPaths } from './secrets.js';
import { type Outline, type Source, type SourceFolder, SourceUnreadable } from './source.js';

interface Folder extends Sent {
  /** Files and folders that are left out, wherever they are. */
  secrets: readonly string[];
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
  { secrets, warn }: Pick<Folder, 'secrets' | 'warn'>,
): Promise<SourceFolder | undefined> {
  const root = await realpath(given);
  const name = basename(root);
  if (name === '') return undefined;
  const top = { at: root, path: [name] };
  const folder = { root, kept: [], secrets };
  return {
    name,
    walk: () => sources({ ...folder, warn }, top),
    // What is left out is told when it is walked.
    outline: () => outlines(items({ ...folder, warn: () => undefined }, top)),
  };
}

async function* sources(folder: Folder, top: Found): AsyncGenerator<Source> {
  for await (const { error, kind, ...found } of items(folder, top)) {
    if (error) yield unreadable(found.path, error);
    else yield kind === 'file' ? await fileBelow(folder, found) : emptyFolder(found.path);
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
    const entries = await entriesOf(here);
    // They may have been made since: the key of an account is when it is first needed.
    folder.kept = await realPaths(folder.secrets);
    for (const entry of entries) {
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
  if (isOneOf(folder.kept, found.at)) folder.warn(`${shown} is left out: ${HAS_SECRETS}`);
  else if (entry.isDirectory()) yield* items(folder, found);
  else if (entry.isFile()) yield { ...found, kind: 'file' };
  else if (!entry.isSymbolicLink()) folder.warn(`${shown} is no file, and is left out`);
  else {
    const target = await targetOf(folder, found);
    if (!target)
      folder.warn(`${shown} is a link to what is no file below the folder, and is left out`);
    else if (isOneOf(folder.kept, target)) folder.warn(`${shown} is left out: ${HAS_SECRETS}`);
    else yield { ...found, kind: 'file' };
  }
}

/** The real path of the file below the folder that a link leads to. */
async function targetOf({ root }: Folder, { at }: Found): Promise<string | undefined> {
  try {
    const real = await realpath(at);
    return isBelow(root, real) && (await stat(at)).isFile() ? real : undefined;
  } catch {
    return undefined; // to nothing, or round in a circle
  }
}
