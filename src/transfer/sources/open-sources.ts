import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import mime from 'mime';
import { orAborted } from '../../session/aborted.js';
import { withHints } from '../../session/hints.js';
import { hasItsSize, statNamed } from './named-files.js';
import { openPipe } from './pipes.js';
import { knownModified, read } from './read-file.js';
import { refuseSecret } from './secrets.js';
import { type OpenSource, SourceChanged, type SourceFolder, SourceUnusable } from './source.js';
import { openFolder } from './walk-folder.js';

/**
 * Files that stay open, so that one which is replaced meanwhile is sent as it was when it was named. The others are
 * opened again at their turn: systems let a process have 256 to 1,024 files open.
 */
const MOST_OPEN = 200;

/** What `-` stands for, and what it is called. */
interface StandardInput {
  stdin: Readable;
  /** Default: `stdin`. */
  name?: string | undefined;
  /** The files and folders where secrets are kept: what is in them is not sent. */
  secrets?: readonly string[];
  /** Hears of what is left out of folders. */
  warn?: (text: string) => void;
}

/**
 * Opens all before anything is sent: a name that is misspelt costs nothing. Rejects with `SourceUnusable`, as the file
 * system does, and with the signal's reason; then nothing stays open.
 */
export async function openSources(
  files: string[],
  input: StandardInput,
  signal?: AbortSignal,
): Promise<(OpenSource | SourceFolder)[]> {
  const sources: (OpenSource | SourceFolder)[] = [];
  try {
    for (const file of files) {
      const opening = openOne(file, sources.length < MOST_OPEN, input);
      sources.push(await orAborted(opening, signal));
    }
    checkNames(sources);
    return sources;
  } catch (error) {
    await closeSources(sources);
    throw error;
  }
}

/** Throws `SourceUnusable` where a folder has a name that another source has. */
function checkNames(sources: readonly (OpenSource | SourceFolder)[]): void {
  const folder = sources.find((one) => 'walk' in one && isTwice(one.name, sources));
  if (!folder) return;
  throw withHints(
    new SourceUnusable(`two of these are called ${folder.name}, and would be mixed`),
    'send one after the other',
  );
}

const isTwice = (name: string, sources: readonly { name: string }[]): boolean =>
  sources.filter((one) => one.name === name).length > 1;

/** Closes what is held open. */
export async function closeSources(sources: readonly (OpenSource | SourceFolder)[]): Promise<void> {
  await Promise.all(sources.map((source) => ('close' in source ? source.close() : undefined)));
}

async function openOne(
  path: string,
  mayStayOpen: boolean,
  { stdin, name = 'stdin', secrets = [], warn = () => undefined }: StandardInput,
): Promise<OpenSource | SourceFolder> {
  if (path === '-') return { name, read: () => stdin, close: async () => void stdin.destroy() };
  const seen = await statNamed(path, 'inband send --name <name> - < the file');
  await refuseSecret(path, secrets);
  if (seen.isFIFO()) return openFifo(path);
  if (!seen.isDirectory()) return openFile(path, mayStayOpen);
  const folder = await openFolder(path, { secrets, warn });
  if (folder) return folder;
  throw new SourceUnusable(`${path} has no name that a folder at the recipient could have`);
}

async function openFile(path: string, mayStayOpen: boolean): Promise<OpenSource> {
  const handle = await open(path);
  const { stats, isSized } = await look(handle).catch(async (error) => {
    await handle.close();
    throw error;
  });
  const date = knownModified(stats);
  const mediaType = mime.getType(path);
  const isAgain = isSized && !mayStayOpen;
  if (isAgain) await handle.close();
  return {
    name: basename(path),
    ...(mediaType ? { mediaType } : {}),
    // Anything but a regular file of the size that it says (a pipe, a device) has no size, and can be read once only.
    ...(isSized ? { size: stats.size, ...(date ? { date } : {}) } : {}),
    read: isAgain
      ? (offset, buffer) => readAgain(path, offset, buffer)
      : (offset, buffer) => read(handle, isSized ? offset : undefined, buffer),
    // Closing waits for a read that is under way, which of a device may never end.
    close: async () => {
      if (isAgain) return;
      const closed = handle.close();
      if (stats.isFile()) await closed;
    },
  };
}

async function look(handle: FileHandle): Promise<{ stats: Stats; isSized: boolean }> {
  const stats = await handle.stat();
  return { stats, isSized: stats.isFile() && (await hasItsSize(handle, stats.size)) };
}

async function openFifo(path: string): Promise<OpenSource> {
  const pipe = await openPipe(path);
  return { name: basename(path), read: () => pipe, close: async () => void pipe.destroy() };
}

async function* readAgain(path: string, position: number, shared: Buffer | undefined) {
  // What was a file may be a FIFO by now, of which a plain open waits for a writer.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await handle.stat()).isFile()) throw new SourceChanged(`${path} is no file any more`);
    yield* read(handle, position, shared);
  } finally {
    await handle.close();
  }
}
