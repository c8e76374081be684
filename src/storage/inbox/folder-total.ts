import { join } from 'node:path';
import { type Files, unless } from '../files.js';
import { inTurn } from '../in-turn.js';

/** What a file takes at least, be it empty: a block, or an inode that others need, too. */
export const BLOCK_BYTES = 4_096;
/** So many are read while somebody waits. */
const FEW = 1_000;
/** Milliseconds until the folder is read again, for each file in it: most of the time it is not being read. */
const PAUSE_PER_FILE_MS = 0.3;

/**
 * How many bytes the files of a folder take, each a block at least. Others add files and take them away, so that it is
 * read again and again; but not for each file that arrives: in between its own are added up.
 */
export class FolderTotal {
  readonly #files: Files;
  readonly #folder: string;
  readonly #now: () => number;
  /** A file gets its name before the folder is listed, or after that. */
  readonly #inTurn = inTurn();
  #bytes = 0;
  #count = 0;
  /** Bytes that got a name since the folder was last listed. */
  #added = 0;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  /** `now`: milliseconds. */
  constructor(files: Files, folder: string, now: () => number) {
    this.#files = files;
    this.#folder = folder;
    this.#now = now;
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
    const elapsed = Math.abs(this.#now() - this.#readAt);
    return this.#reading !== undefined || elapsed >= this.#count * PAUSE_PER_FILE_MS;
  }

  #readOnce(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const entries = await this.#inTurn(() => {
      this.#added = 0;
      return this.#files.readdir(this.#folder, { withFileTypes: true });
    });
    let [bytes, count] = [0, 0];
    const seen = new Set<string>();
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const stats = await unless(['ENOENT'], this.#files.lstat(join(this.#folder, entry.name)));
      if (!stats) continue;
      count += 1;
      // A file with two names takes its bytes once.
      const inode = `${stats.dev}:${stats.ino}`;
      if (stats.nlink > 1 && seen.has(inode)) continue;
      if (stats.nlink > 1) seen.add(inode);
      bytes += Math.max(stats.size, BLOCK_BYTES);
    }
    this.#bytes = bytes + this.#added;
    this.#count = count;
    this.#readAt = this.#now();
  }
}
