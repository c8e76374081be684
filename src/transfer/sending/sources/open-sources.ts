import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import mime from 'mime';
import { knownDate } from '../../../protocol/file-offer.js';
import { type OpenSource, SourceChanged, SourceUnusable } from '../source.js';
import { hasItsSize, statNamed } from './named-files.js';
import { openPipe } from './pipes.js';

/** Enough at once that reading costs little. */
const READ_BYTES = 256 * 1024;

/**
 * So many files stay open, so that one which is replaced meanwhile is sent as it was when it was named. The others are
 * opened again at their turn: systems let a process have 256 to 1,024 files open.
 */
const MOST_OPEN = 200;

/** What `-` stands for, and what it is called. */
interface StandardInput {
  stdin: Readable;
  /** Default: `stdin`. */
  name?: string | undefined;
}

/**
 * Opens all before anything is sent: a name that is misspelt costs nothing. Rejects with `SourceUnusable`, and as the
 * file system does.
 */
export async function openSources(
  files: string[],
  { stdin, name = 'stdin' }: StandardInput,
): Promise<OpenSource[]> {
  const sources: OpenSource[] = [];
  for (const file of files) {
    sources.push(
      file === '-'
        ? { name, read: () => stdin, close: async () => void stdin.destroy() }
        : await openSource(file, sources.length < MOST_OPEN),
    );
  }
  return sources;
}

async function openSource(path: string, mayStayOpen: boolean): Promise<OpenSource> {
  const seen = await statNamed(path, 'inband send --name <name> - < the file');
  if (seen.isFIFO()) return openFifo(path);
  const handle = await open(path);
  const stats = await handle.stat();
  if (stats.isDirectory()) {
    await handle.close();
    throw new SourceUnusable(
      `${path} is a directory; pack it first: tar c ${path} | inband send - …`,
    );
  }
  const isSized = stats.isFile() && (await hasItsSize(handle, stats.size));
  // Before 1970 it is what a file system says that knows none.
  const date = stats.mtimeMs >= 0 ? knownDate(stats.mtime) : undefined;
  const mediaType = mime.getType(path);
  const isAgain = isSized && !mayStayOpen;
  if (isAgain) await handle.close();
  return {
    name: basename(path),
    ...(mediaType ? { mediaType } : {}),
    // What is no regular file (a pipe, a device), or has not the size that it says, has none, and can be read once
    // only.
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

async function openFifo(path: string): Promise<OpenSource> {
  const pipe = await openPipe(path);
  return { name: basename(path), read: () => pipe, close: async () => void pipe.destroy() };
}

/** The rest of a file, from `position` on, or of what has no positions. The handle stays open. */
async function* read(
  handle: FileHandle,
  position: number | undefined,
  shared: Buffer | undefined,
): AsyncGenerator<Buffer> {
  for (let at = position; ; ) {
    const buffer = shared ?? Buffer.allocUnsafe(READ_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at ?? null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    if (at !== undefined) at += bytesRead;
  }
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
