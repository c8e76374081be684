// A file in a folder that is sent with its files: it is opened at its turn, and fails alone.
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath, stat } from 'node:fs/promises';
import { basename, sep } from 'node:path';
import mime from 'mime';
import { isOfferedPath } from '../../protocol/file-offer.js';
import { knownModified, read } from './read-file.js';
import { isOneOf } from './secrets.js';
import { type Source, SourceChanged, SourceUnreadable } from './source.js';

/** A system without it does not wait for the writer of a FIFO. */
const { O_RDONLY, O_NONBLOCK = 0 } = constants;
const MAY_RUN = 0o100;

/** What is in a folder, or that folder, with the components of its path from the first folder on. */
export interface Found {
  at: string;
  path: readonly string[];
}

/** The folder that is sent. */
export interface Sent {
  /** Its real path: links lead out of it or not. */
  root: string;
  /** The real paths of what is never sent. */
  kept: readonly string[];
}

export async function fileBelow(sent: Sent, { at, path }: Found): Promise<Source> {
  try {
    checked(path);
    const { handle, stats } = await openFileBelow(sent, at);
    await handle.close();
    const date = knownModified(stats);
    const mediaType = mime.getType(at);
    return {
      ...{ name: basename(at), path, size: stats.size },
      ...(date ? { date } : {}),
      ...(mediaType ? { mediaType } : {}),
      ...((stats.mode & MAY_RUN) === 0 ? {} : { isExecutable: true }),
      read: (offset, buffer) => readBelow(sent, at, stats, offset, buffer),
    };
  } catch (error) {
    return unreadable(path, error as Error, await sizeAt(at));
  }
}

/** What would be sent of a file, where it can be. */
export const sizeAt = async (at: string): Promise<number> =>
  (await stat(at).catch(() => undefined))?.size ?? 0;

export function emptyFolder(path: readonly string[]): Source {
  try {
    return {
      ...{ name: path.at(-1) as string, path: checked(path), size: 0, isFolder: true },
      async *read() {},
    };
  } catch (error) {
    return unreadable(path, error as Error);
  }
}

/** It is in its place among the others, and fails alone. */
export function unreadable(path: readonly string[], error: Error, size = 0): Source {
  const name = path.at(-1) as string;
  return {
    ...{ name, path, size },
    // biome-ignore lint/correctness/useYield: what cannot be read has no bytes
    async *read() {
      throw asUnreadable(error, name);
    },
  };
}

function checked(path: readonly string[]): readonly string[] {
  if (!isOfferedPath(path)) throw new SourceUnreadable('its path is too long');
  return path;
}

async function* readBelow(
  sent: Sent,
  at: string,
  before: Stats,
  offset: number,
  buffer: Buffer | undefined,
) {
  try {
    const { handle, stats } = await openFileBelow(sent, at);
    try {
      if (!isOne(stats, before) || stats.mtimeMs !== before.mtimeMs) throw changed(at);
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
async function openFileBelow(
  { root, kept }: Sent,
  at: string,
): Promise<{ handle: FileHandle; stats: Stats }> {
  const handle = await open(at, O_RDONLY | O_NONBLOCK);
  try {
    const stats = await handle.stat();
    const real = await realpath(at);
    const isThere = stats.isFile() && isBelow(root, real) && isOne(stats, await lstat(real));
    if (!isThere || isOneOf(kept, real)) throw changed(at);
    return { handle, stats };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const isOne = (file: Stats, other: Stats): boolean =>
  file.dev === other.dev && file.ino === other.ino;

export const isBelow = (root: string, path: string): boolean => path.startsWith(`${root}${sep}`);

const changed = (at: string) => new SourceChanged(`${at} changed while it was sent`);

/** As the failure of one file, which says nothing of the others. */
function asUnreadable(error: Error, name: string): Error {
  if (error instanceof SourceChanged) return error;
  const [, reason = error.message] = /^\w+: (.+?), \w+/.exec(error.message) ?? [];
  const why = name.includes('\ufffd')
    ? 'its name is not UTF-8, and such files cannot be opened'
    : reason;
  return new SourceUnreadable(`it cannot be read: ${why}`, { cause: error });
}
