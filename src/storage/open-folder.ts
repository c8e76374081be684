import { constants, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './directories.js';
import { type Files, unless } from './files.js';

/** `O_DIRECTORY` and `O_NOFOLLOW` are unknown to Windows, and directories are not opened there. */
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
const IS_WINDOWS = process.platform === 'win32';
/** What is there is no folder of its own: nothing, a file, or a link. */
const NONE = ['ENOENT', 'ENOTDIR', 'ELOOP'];

/** The path of a folder led somewhere else while something was done in it. */
export class FolderReplaced extends Error {
  override readonly name = 'FolderReplaced';
}

/**
 * A folder that is held open. Node cannot name a file by an open folder; Linux has a path that leads through the handle,
 * whatever is put in the folder's place meanwhile. Elsewhere its path is compared with it: `check` after the work finds
 * out what has happened, and cannot prevent it.
 */
export class OpenFolder {
  /** Its path, as it was reached. */
  readonly path: string;
  readonly stats: Stats;
  readonly #files: Files;
  readonly #handle: FileHandle | undefined;
  /** Leads to the very folder, or is its path. */
  readonly #base: string;
  readonly #mayFollow: boolean;

  private constructor(files: Files, path: string, opened: Opened, mayFollow: boolean) {
    this.#files = files;
    this.path = path;
    this.stats = opened.stats;
    this.#handle = opened.handle;
    this.#base = opened.base ?? path;
    this.#mayFollow = mayFollow;
  }

  /** Opens it where it is no link, or where links may be followed; `undefined` where there is none. */
  static async open(
    files: Files,
    path: string,
    { at = path, mayFollow = false }: { at?: string; mayFollow?: boolean } = {},
  ): Promise<OpenFolder | undefined> {
    const opened = await openAt(files, at, mayFollow);
    return opened && new OpenFolder(files, path, opened, mayFollow);
  }

  /** The path of what has this name in it. */
  at(name: string): string {
    return join(this.#base, name);
  }

  /** The folder of this name in it. */
  enter(name: string): Promise<OpenFolder | undefined> {
    return OpenFolder.open(this.#files, join(this.path, name), { at: this.at(name) });
  }

  /** Rejects with `FolderReplaced` where its path may have led somewhere else by now. */
  async check(): Promise<void> {
    if (this.#base !== this.path) return;
    const { path } = this;
    const there = this.#mayFollow ? this.#files.stat(path) : this.#files.lstat(path);
    if (!isSame(await unless(NONE, there), this.stats))
      throw new FolderReplaced(`${path} was replaced while a file arrived`);
  }

  /** Makes the names in it survive a power cut. */
  async sync(): Promise<void> {
    await syncDirectory(this.#files, this.#base);
  }

  /** An error of what was done in it, in words that have its path. */
  explained(error: Error & { path?: string; dest?: string }): Error {
    if (this.#base === this.path) return error;
    for (const where of ['message', 'path', 'dest'] as const) {
      const text = error[where];
      if (text !== undefined) error[where] = text.replaceAll(this.#base, this.path);
    }
    return error;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}

interface Opened {
  stats: Stats;
  handle?: FileHandle;
  base?: string;
}

async function openAt(files: Files, path: string, mayFollow: boolean): Promise<Opened | undefined> {
  if (IS_WINDOWS) {
    const stats = await unless(NONE, mayFollow ? files.stat(path) : files.lstat(path));
    return stats?.isDirectory() ? { stats } : undefined;
  }
  const flags = O_RDONLY | O_DIRECTORY | (mayFollow ? 0 : O_NOFOLLOW);
  const handle = await unless(NONE, files.open(path, flags));
  if (!handle) return undefined;
  try {
    const stats = await handle.stat();
    const base = `/proc/self/fd/${handle.fd}`;
    const isBase = process.platform === 'linux' && isSame(await lookThrough(files, base), stats);
    return { stats, handle, ...(isBase ? { base } : {}) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** In a container there may be no `/proc`. */
const lookThrough = (files: Files, base: string): Promise<Stats | undefined> =>
  unless(['ENOENT', 'ENOTDIR', 'EACCES'], files.stat(base));

const isSame = (one: Stats | undefined, other: Stats): boolean =>
  one?.dev === other.dev && one.ino === other.ino;

/** Opens a folder below another one, step by step; `undefined` where a step is no folder of its own. */
export async function openBelow(
  files: Files,
  root: string,
  components: readonly string[],
): Promise<OpenFolder | undefined> {
  let folder = await OpenFolder.open(files, root, { mayFollow: true });
  for (const name of components) {
    const above = folder;
    folder = await above?.enter(name).finally(() => above.close());
  }
  return folder;
}
