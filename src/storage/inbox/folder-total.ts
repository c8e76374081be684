import { join } from 'node:path';
import { type Files, unless } from '../files.js';
import { inTurn } from '../in-turn.js';

/** What a file takes at least, be it empty: a block, or an inode that others need, too. */
export const BLOCK_BYTES = 4_096;
/** Files that may be read while somebody waits. */
const FEW = 1_000;
/** Milliseconds until the folder is read again, for each file in it: most of the time it is not being read. */
const PAUSE_PER_FILE_MS = 0.3;

interface Contents {
  files: Files;
  inbox: string;
  /** Milliseconds. */
  now: () => number;
  /** The folders in it whose files count, too, by their paths below it. */
  folders: () => readonly string[];
}

/**
 * How many bytes the files of a folder take, each a block at least. Others add files and take them away, so that it is
 * read again and again; but not for each file that arrives: in between its own are added up.
 */
export class FolderTotal {
  readonly #contents: Contents;
  /** A file gets its name before the folder is listed, or after that. */
  readonly #inTurn = inTurn();
  #bytes = 0;
  #count = 0;
  /** Bytes that got a name since the folder was last listed. */
  #added = 0;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  /** The bytes of all files in the folder, as far as is known. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Runs what gives a file of so many bytes its name in the folder; then it is counted, and `onNamed` is called. */
  add<T>(bytes: number, naming: () => Promise<T>, onNamed: () => void): Promise<T> {
    return this.#inTurn(async () => {
      const result = await naming();
      const taken = Math.max(bytes, BLOCK_BYTES);
      this.#bytes += taken;
      this.#added += taken;
      this.#count += 1;
      onNamed();
      return result;
    });
  }

  /** Whether the bytes in the folder are few enough, as far as may be known by now. */
  async suits(isEnough: (bytes: number) => boolean): Promise<boolean> {
    if (this.#isDue()) {
      const reading = this.#readOnce();
      // An answer that needs no exact figure is not delayed. If the reading fails, the next file tries again.
      if (this.#count > FEW && isEnough(this.#bytes)) reading.catch(() => undefined);
      else await reading;
    }
    return isEnough(this.#bytes);
  }

  /** The clock may have been set either way since. */
  #isDue(): boolean {
    const elapsed = Math.abs(this.#contents.now() - this.#readAt);
    return this.#reading !== undefined || elapsed >= this.#count * PAUSE_PER_FILE_MS;
  }

  #readOnce(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { now, inbox, folders } = this.#contents;
    const isMade = new Set(folders().map((path) => join(inbox, path)));
    const paths = await this.#inTurn(() => {
      this.#added = 0;
      return this.#list([...isMade]);
    });
    let [bytes, count] = [0, 0];
    const seen = new Set<string>();
    for (const path of paths) {
      const stats = await unless(GONE, this.#contents.files.lstat(path));
      if (!stats) continue;
      count += 1;
      // A file with two names takes its bytes once.
      const inode = `${stats.dev}:${stats.ino}`;
      if (stats.nlink > 1 && seen.has(inode)) continue;
      if (stats.nlink > 1) seen.add(inode);
      bytes += Math.max(isMade.has(path) ? 0 : stats.size, BLOCK_BYTES);
    }
    this.#bytes = bytes + this.#added;
    this.#count = count;
    this.#readAt = now();
  }

  /** All files, and the folders that were made. */
  async #list(made: readonly string[]): Promise<string[]> {
    const { files, inbox } = this.#contents;
    const paths = [...made];
    for (const folder of [inbox, ...made]) {
      const listing = files.readdir(folder, { withFileTypes: true });
      // The inbox itself must be there.
      const entries = folder === inbox ? await listing : await unless(GONE, listing);
      for (const entry of entries ?? []) if (entry.isFile()) paths.push(join(folder, entry.name));
    }
    return paths;
  }
}

const GONE = ['ENOENT', 'ENOTDIR'];
