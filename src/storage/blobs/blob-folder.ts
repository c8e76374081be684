import { lstat, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BitOfBinary } from '../../protocol/bob/bit-of-binary.js';
import type { ContentId } from '../../protocol/bob/content-id.js';
import { makeDirectories } from '../directories.js';
import { removeOwn, writeOwn } from '../own-file.js';
import { isCount } from '../untrusted.js';
import { type BlobLimits, evict } from './blob-eviction.js';
import {
  blobPath,
  bytesIfPresent,
  checkFolders,
  ifPresent,
  removeBlob,
  removeUnlessPutAgain,
  shelves,
  sidecarPath,
  textIfPresent,
} from './blob-files.js';
import { formatSidecar, isExpired, parseSidecar, type Sidecar } from './blob-sidecar.js';

interface BlobFolderOptions {
  /** Lower-case hex of the hash; throws for an algorithm that it does not know. */
  digest: (algorithm: string, bytes: Uint8Array) => string;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Makes the folder a cache: the oldest blobs go first, and none stays longer than its max-age or 30 days. */
  limits?: BlobLimits;
}

export interface BlobEntry extends Sidecar {
  id: ContentId;
}

interface StoredBlob extends BlobEntry {
  bytes: Uint8Array;
}

const CACHE_MAX_AGE_S = 30 * 24 * 60 * 60;

/** A file without its companion may still be at work in another process until it is this old. */
const LEFTOVER_AGE_MS = 60 * 60 * 1000;

/**
 * Blobs on disk, found by their hash. Any number of processes may use one folder at a time, and any may be killed:
 * files appear whole and never change but for the sidecar, so there is no lock, and a blob that another process
 * removes is merely absent. Errors are the file system's own.
 */
export class BlobFolder {
  readonly #root: string;
  readonly #options: BlobFolderOptions;

  constructor(path: string, options: BlobFolderOptions) {
    this.#root = path;
    this.#options = options;
  }

  /** Checks the hash; a damaged blob is removed. `undefined`: absent, expired or damaged. */
  async get(id: ContentId): Promise<StoredBlob | undefined> {
    const path = await this.#pathOf(id);
    const text = path && (await textIfPresent(sidecarPath(path)));
    if (!path || text === undefined) return undefined;
    const sidecar = parseSidecar(text);
    if (sidecar && isExpired(sidecar, this.#options.now())) return undefined;
    const bytes = await bytesIfPresent(path);
    if (!bytes) return undefined;
    if (sidecar && this.#options.digest(id.algorithm, bytes) === id.hash) {
      return { id, ...sidecar, bytes };
    }
    await removeUnlessPutAgain(path, text);
    return undefined;
  }

  /**
   * Stores a blob, or what is said of one already there; `from` is the JID that it came from. In a cache neither
   * a max-age of 0 nor a blob beyond the limits by itself touches the disk.
   * Throws when the bytes are not those of the id; RangeError for a max-age that is not a count of seconds.
   */
  async put(id: ContentId, blob: Omit<BitOfBinary, 'cid'>, from?: string): Promise<void> {
    const { limits } = this.#options;
    const path = this.#checkedPath(id, blob.bytes);
    const maxAge = this.#keptFor(blob.maxAge);
    const size = blob.bytes.length;
    if (limits && (maxAge === 0 || size > limits.bytes)) return;
    await checkFolders(this.#root, path);
    const storedAt = new Date(this.#options.now());
    const sidecar = formatSidecar({ type: blob.type, size, maxAge, storedAt, from });
    await makeDirectories({ mkdir, stat }, dirname(path), 0o700);
    do {
      await writeOwn(path, blob.bytes, { modified: storedAt });
      await writeOwn(sidecarPath(path), sidecar, { modified: storedAt });
      // Another process, removing the blob that was here, may have taken the new data before its sidecar came.
    } while (!(await ifPresent(stat(path))));
    if (limits) await evict(this.#root, limits);
  }

  /** Returns whether there was one. */
  async delete(id: ContentId): Promise<boolean> {
    const path = await this.#pathOf(id);
    return path ? await removeBlob(path) : false;
  }

  /** The blobs that `get` would return, hash unchecked and without the bytes; oldest first. */
  async list(): Promise<BlobEntry[]> {
    const entries: BlobEntry[] = [];
    for await (const { id, sidecar, size } of this.#look()) {
      if (sidecar && this.#isGood(sidecar, size)) entries.push({ id, ...sidecar });
    }
    return entries.sort((a, b) => a.storedAt.getTime() - b.storedAt.getTime());
  }

  /**
   * Removes what is expired, damaged by its look, left over by killed processes, or beyond the limits. Resolves to how
   * many blobs, whole or not, these were.
   */
  async prune(): Promise<number> {
    let count = 0;
    for await (const { path, text, sidecar, size } of this.#look()) {
      const whole = text !== undefined && size !== undefined;
      const bad = whole
        ? !sidecar || !this.#isGood(sidecar, size)
        : await this.#isLeftover(size === undefined ? sidecarPath(path) : path);
      if (!bad) continue;
      await removeUnlessPutAgain(path, text);
      count += 1;
    }
    for await (const shelf of shelves(this.#root)) {
      for (const path of shelf.temporaries.map((name) => join(shelf.path, name))) {
        if (await this.#isLeftover(path)) await removeOwn(path);
      }
    }
    const { limits } = this.#options;
    return count + (limits ? await evict(this.#root, limits) : 0);
  }

  async #pathOf({ algorithm, hash }: ContentId): Promise<string | undefined> {
    const path = blobPath(this.#root, algorithm, hash);
    if (path) await checkFolders(this.#root, path);
    return path;
  }

  #checkedPath({ algorithm, hash }: ContentId, bytes: Uint8Array): string {
    const actual = this.#options.digest(algorithm, bytes);
    const path = blobPath(this.#root, algorithm, actual);
    if (!path || actual !== hash) {
      throw new Error(`not the bytes of this cid: their ${algorithm} is ${actual}, not ${hash}`);
    }
    return path;
  }

  #keptFor(maxAge: number | undefined): number | undefined {
    if (maxAge !== undefined && !isCount(maxAge)) {
      throw new RangeError(`max-age ${maxAge} is not a whole number of seconds`);
    }
    return this.#options.limits ? Math.min(maxAge ?? CACHE_MAX_AGE_S, CACHE_MAX_AGE_S) : maxAge;
  }

  #isGood(sidecar: Sidecar, size: number | undefined): boolean {
    return sidecar.size === size && !isExpired(sidecar, this.#options.now());
  }

  /** All that is on disk, whole or not; `size` is `undefined` without data, `text` without a sidecar. */
  async *#look() {
    for await (const shelf of shelves(this.#root)) {
      for (const hash of shelf.hashes) {
        const path = join(shelf.path, hash);
        const text = await textIfPresent(sidecarPath(path));
        const size = (await ifPresent(lstat(path)))?.size;
        const sidecar = text === undefined ? undefined : parseSidecar(text);
        yield { id: { algorithm: shelf.algorithm, hash }, path, text, sidecar, size };
      }
    }
  }

  /** Whether the file is long untouched; the clock may have been set either way since. */
  async #isLeftover(path: string): Promise<boolean> {
    const stats = await ifPresent(stat(path));
    return !!stats && Math.abs(this.#options.now() - stats.mtimeMs) > LEFTOVER_AGE_MS;
  }
}
