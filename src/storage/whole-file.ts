import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Files } from './files.js';

interface WholeFileOptions {
  /** When it is said to have been changed. Default: now. */
  modified?: Date;
  files?: Pick<Files, 'open' | 'rename' | 'rm'>;
}

/** The bytes of a file, or pieces of them in their order: what is large need not be in memory as a whole. */
type Content = Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Makes or replaces a file in one step, mode 0600, on disk before it has its name. Its name is durable once the folder
 * is synced too.
 */
export async function writeWhole(
  path: string,
  content: Content,
  { modified, files = fs }: WholeFileOptions = {},
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    const handle = await files.open(temporary, 'wx', 0o600);
    try {
      for await (const piece of piecesOf(content)) await handle.writeFile(piece);
      if (modified) await handle.utimes(modified, modified);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await files.rename(temporary, path);
  } catch (error) {
    await files.rm(temporary, { force: true }).catch(() => undefined); // the first error tells more
    throw inPlaceOf(error as NodeJS.ErrnoException, temporary, path);
  }
}

/** An error of the file system, with the name that its reader knows for that of a temporary file. */
export function inPlaceOf(error: NodeJS.ErrnoException, temporary: string, path: string): Error {
  if (error.path !== temporary) return error;
  const { code, errno, syscall } = error;
  const message = error.message.replaceAll(temporary, path);
  return Object.assign(new Error(message, { cause: error }), { code, errno, syscall, path });
}

/** A name for a file that is being written or removed, in the same folder. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `${randomUUID()}.tmp`);
}

const piecesOf = (content: Content) =>
  typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
