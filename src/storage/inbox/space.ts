import type { InboxOptions, RoomError } from '../../transfer/receiving/inbox.js';
import { type Files, unless } from '../files.js';
import { inTurn } from '../in-turn.js';
import { isCount } from '../untrusted.js';
import { FolderTotal } from './folder-total.js';

/** A file is beyond a limit of the inbox, or of what its sender announced. */
export class NoRoom extends Error implements RoomError {
  override readonly name = 'NoRoom';
  constructor(
    message: string,
    /** There would be room, were it not set aside for other files that are under way. */
    readonly isPassing = false,
  ) {
    super(message);
  }
}

export type Limits = Pick<InboxOptions, 'maxSize' | 'minFree' | 'maxTotal'>;

/** Bytes that are set aside at a time for a file of unknown size. */
const STEP = 4 * 1024 * 1024;

/** Why a file system may not tell how much of it is free. */
const CANNOT_SAY = ['EACCES', 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EOVERFLOW', 'EPERM'];

/** What an inbox consists of. */
export interface Contents {
  files: Files;
  inbox: string;
  /** Milliseconds. */
  now: () => number;
  /** Bytes of the partials that nobody writes to. */
  keptBytes: () => number;
}

/** Sets room aside for files that arrive, so that those that are under way together stay within the limits. */
export class Space {
  readonly #contents: Contents;
  readonly #limits: Limits;
  readonly #folder: FolderTotal;
  readonly #reservations = new Set<Reservation>();
  /** What one call finds free must not be found free by another. */
  readonly #inTurn = inTurn();

  /** All files in the inbox and all partials count for the total. */
  constructor(contents: Contents, limits: Limits) {
    const { files, inbox, now } = contents;
    this.#contents = contents;
    this.#limits = limits;
    this.#folder = new FolderTotal(files, inbox, now);
  }

  /** For a file of `size` bytes, `offset` of which are there already. Rejects with NoRoom; RangeError for no size. */
  async reserve(size: number | undefined, offset: number): Promise<Reservation> {
    if (size !== undefined && !isCount(size)) throw new RangeError(`${size} is not a size`);
    const { maxSize = Number.POSITIVE_INFINITY } = this.#limits;
    if (size !== undefined && size > maxSize) throw tooLarge(maxSize);
    const reservation: Reservation = new Reservation(size ?? maxSize, offset, {
      grow: (bytes) => this.#grow(reservation, bytes),
      name: (bytes, naming) =>
        this.#folder.add(bytes, naming, () => this.#reservations.delete(reservation)),
      release: () => void this.#reservations.delete(reservation),
    });
    // At once: what was kept until now counts on.
    this.#reservations.add(reservation);
    try {
      await this.#grow(reservation, size === undefined ? 0 : size - offset);
    } catch (error) {
      reservation.release();
      throw error;
    }
    return reservation;
  }

  async #grow(reservation: Reservation, bytes: number): Promise<void> {
    await this.#inTurn(async () => {
      await this.#checkDisk(bytes);
      await this.#checkTotal(bytes);
      reservation.left += bytes;
    });
  }

  async #checkDisk(bytes: number): Promise<void> {
    const { minFree = 0 } = this.#limits;
    const { inbox } = this.#contents;
    const free = await this.#free(inbox);
    if (free === undefined && minFree > 0) {
      throw new NoRoom(
        `no room in ${inbox}: its disk does not say whether ${minFree} bytes stay free`,
      );
    }
    if (free === undefined || free - this.#promised - bytes >= minFree) return;
    const why =
      minFree === 0 ? 'the disk is full' : `${minFree} bytes of the disk are to stay free`;
    const isPassing = free - bytes >= minFree;
    const setAside = 'what is left of the disk is set aside for files under way';
    throw new NoRoom(`no room in ${inbox}: ${isPassing ? setAside : why}`, isPassing);
  }

  async #checkTotal(bytes: number): Promise<void> {
    const { maxTotal } = this.#limits;
    if (maxTotal === undefined) return;
    const { inbox, keptBytes } = this.#contents;
    const left = (there: number) => maxTotal - there - keptBytes() - this.#written - bytes;
    if (await this.#folder.suits((there) => left(there) >= this.#promised)) return;
    const why = `no room in ${inbox}: it may hold ${maxTotal} bytes in all`;
    throw new NoRoom(why, await this.#folder.suits((there) => left(there) >= 0));
  }

  /** Bytes that files under way may still bring. */
  get #promised(): number {
    return [...this.#reservations].reduce((sum, { left }) => sum + left, 0);
  }

  /** Bytes that they have brought. */
  get #written(): number {
    return [...this.#reservations].reduce((sum, { size }) => sum + size, 0);
  }

  /** Bytes; `undefined` where the file system does not say (some of FUSE have no blocks): the disk itself will. */
  async #free(folder: string): Promise<number | undefined> {
    const stats = await unless(CANNOT_SAY, this.#contents.files.statfs(folder));
    if (!stats || stats.blocks === 0) return undefined;
    const free = stats.bavail * stats.bsize;
    return free >= 0 ? free : undefined;
  }
}

interface Room {
  grow(bytes: number): Promise<void>;
  name<T>(bytes: number, naming: () => Promise<T>): Promise<T>;
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

  /** Bytes on the disk. */
  get size(): number {
    return this.#size;
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

  /** Runs what gives the file its name in the folder, with whose files it counts from then on. */
  name<T>(naming: () => Promise<T>): Promise<T> {
    return this.#space.name(this.#size, naming);
  }

  /** Gives back what was not spent. What was counts no more, either: it is removed, or kept. */
  release(): void {
    this.#space.release();
  }
}

function tooLarge(max: number): NoRoom {
  return new NoRoom(`the file is larger than ${max} bytes`);
}
