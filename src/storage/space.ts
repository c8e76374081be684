import { join } from 'node:path';
import type { InboxOptions } from '../transfer/inbox.js';
import { type Files, unless } from './files.js';
import { inTurn } from './in-turn.js';
import { isCount } from './untrusted.js';

/** A file is beyond a limit of the inbox, or of what its sender announced. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

export type Limits = Pick<InboxOptions, 'maxSize' | 'minFree' | 'maxTotal'>;

/** Bytes that are set aside at a time for a file of unknown size. */
const STEP = 4 * 1024 * 1024;

/** Why a file system may not tell how much of it is free. */
const CANNOT_SAY = ['EACCES', 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EOVERFLOW', 'EPERM'];

/** Sets room aside for files that arrive, so that those that are under way together stay within the limits. */
export class Space {
  readonly #files: Files;
  readonly #folders: readonly string[];
  readonly #limits: Limits;
  readonly #reservations = new Set<Reservation>();
  /** What one call finds free must not be found free by another. */
  readonly #inTurn = inTurn();

  /** All files in the folders, the first of which is the inbox, count for the total. */
  constructor(files: Files, folders: readonly string[], limits: Limits) {
    this.#files = files;
    this.#folders = folders;
    this.#limits = limits;
  }

  /** For a file of `size` bytes, `offset` of which are there already. Rejects with NoRoom; RangeError for no size. */
  async reserve(size: number | undefined, offset: number): Promise<Reservation> {
    if (size !== undefined && !isCount(size)) throw new RangeError(`${size} is not a size`);
    const { maxSize = Number.POSITIVE_INFINITY } = this.#limits;
    if (size !== undefined && size > maxSize) throw tooLarge(maxSize);
    const reservation: Reservation = new Reservation(size ?? maxSize, offset, {
      grow: (bytes) => this.#grow(reservation, bytes),
      release: () => void this.#reservations.delete(reservation),
    });
    await this.#grow(reservation, size === undefined ? 0 : size - offset);
    return reservation;
  }

  async #grow(reservation: Reservation, bytes: number): Promise<void> {
    await this.#inTurn(async () => {
      const promised = [...this.#reservations].reduce((sum, { left }) => sum + left, 0);
      await this.#check(promised + bytes);
      this.#reservations.add(reservation);
      reservation.left += bytes;
    });
  }

  async #check(bytes: number): Promise<void> {
    const { minFree = 0, maxTotal } = this.#limits;
    const [inbox = ''] = this.#folders;
    const free = await this.#free(inbox);
    if (free === undefined && minFree > 0) {
      throw new NoRoom(
        `no room in ${inbox}: its disk does not say whether ${minFree} bytes stay free`,
      );
    }
    if (free !== undefined && free - bytes < minFree) {
      const why =
        minFree === 0 ? 'the disk is full' : `${minFree} bytes of the disk are to stay free`;
      throw new NoRoom(`no room in ${inbox}: ${why}`);
    }
    if (maxTotal !== undefined && (await this.#total()) + bytes > maxTotal) {
      throw new NoRoom(`no room in ${inbox}: it may hold ${maxTotal} bytes in all`);
    }
  }

  /** Bytes; `undefined` where the file system does not say (some of FUSE have no blocks): the disk itself will. */
  async #free(folder: string): Promise<number | undefined> {
    const stats = await unless(CANNOT_SAY, this.#files.statfs(folder));
    if (!stats || stats.blocks === 0) return undefined;
    const free = stats.bavail * stats.bsize;
    return free >= 0 ? free : undefined;
  }

  async #total(): Promise<number> {
    let total = 0;
    const seen = new Set<string>();
    for (const folder of this.#folders) {
      for (const entry of await this.#files.readdir(folder, { withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const stats = await unless(['ENOENT'], this.#files.lstat(join(folder, entry.name)));
        if (!stats) continue;
        // While a file is placed it has two names, and takes its bytes once.
        const inode = `${stats.dev}:${stats.ino}`;
        if (stats.nlink > 1 && seen.has(inode)) continue;
        if (stats.nlink > 1) seen.add(inode);
        total += stats.size;
      }
    }
    return total;
  }
}

interface Room {
  grow(bytes: number): Promise<void>;
  release(): void;
}

/** Room for one file. */
export class Reservation {
  /** Bytes set aside and not yet on the disk. */
  left = 0;
  readonly #max: number;
  readonly #space: Room;
  #size: number;

  constructor(max: number, size: number, space: Room) {
    this.#max = max;
    this.#size = size;
    this.#space = space;
  }

  /** Whether there is room for so many more bytes. */
  covers(bytes: number): boolean {
    return bytes <= this.left && this.#size + bytes <= this.#max;
  }

  /** Makes room for so many more bytes. Rejects with NoRoom. */
  async extend(bytes: number): Promise<void> {
    if (this.#size + bytes > this.#max) throw tooLarge(this.#max);
    const missing = bytes - this.left;
    try {
      await this.#space.grow(Math.max(missing, STEP));
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
      await this.#space.grow(missing);
    }
  }

  /** To be called when they are written. */
  spend(bytes: number): void {
    this.#size += bytes;
    this.left -= bytes;
  }

  /** Gives back what was not spent. */
  release(): void {
    this.#space.release();
  }
}

function tooLarge(max: number): NoRoom {
  return new NoRoom(`the file is larger than ${max} bytes`);
}
