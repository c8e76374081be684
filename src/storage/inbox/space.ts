import { NoRoom } from '../../transfer/inbox-errors.js';
import type { InboxOptions } from '../../transfer/receiving/inbox.js';
import { formatBytes } from '../../units.js';
import { type Files, unless } from '../files.js';
import { inTurn } from '../in-turn.js';
import { isCount } from '../untrusted.js';
import { BLOCK_BYTES, FolderTotal } from './folder-total.js';
import { Reservation, tooLarge } from './reservation.js';

export type Limits = Pick<InboxOptions, 'maxSize' | 'minFree' | 'maxTotal'>;

/** Names that stay free on the disk, or a twentieth of them: an empty file takes nothing else. */
const MIN_FREE_NAMES = 10_000;

/** Why a file system may not tell how much of it is free. */
const CANNOT_SAY = ['EACCES', 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EOVERFLOW', 'EPERM'];

/** What an inbox consists of. */
interface Contents {
  files: Files;
  inbox: string;
  /** Milliseconds. */
  now: () => number;
  /** Bytes of the partials that nobody writes to. */
  keptBytes: () => number;
  /** The folders that were made in it, by their paths below it. */
  folders: () => readonly string[];
}

/** What is to be room for. */
interface WantedRoom {
  /** Bytes, if known. */
  size?: number | undefined;
  /** Whose file it is, if known. */
  account?: string | undefined;
}

/**
 * Sets room aside for files that arrive, so that those that are under way together stay within the limits. Announcing
 * costs nothing, so that one account could take all room with a figure: at most half of what is left is set aside for
 * it at once, and the rest as its bytes come. A new file must fit beside all that its own account has announced, but
 * only beside what is set aside for the others.
 */
export class Space {
  readonly #contents: Contents;
  readonly #limits: Limits;
  readonly #folder: FolderTotal;
  readonly #reservations = new Set<Reservation>();
  /** Room that one call finds must not be found by another. */
  readonly #inTurn = inTurn();

  /** All files in the inbox and all partials count for the total. */
  constructor(contents: Contents, limits: Limits) {
    this.#contents = contents;
    this.#limits = limits;
    this.#folder = new FolderTotal(contents);
  }

  /** For a file `offset` bytes of which are there already. Rejects with NoRoom; RangeError for no size. */
  async reserve({ size, account }: WantedRoom, offset: number): Promise<Reservation> {
    const maxSize = this.#maxSizeFor(size);
    const reservation: Reservation = new Reservation(account, size ?? maxSize, offset, {
      grow: (bytes) => this.#inTurn(() => this.#grow(reservation, bytes)),
      name: (bytes, naming) =>
        this.#folder.add(bytes, naming, () => this.#reservations.delete(reservation)),
      release: () => void this.#reservations.delete(reservation),
    });
    // At once: what was kept until now counts on.
    this.#reservations.add(reservation);
    const bytes = missing(size, offset);
    try {
      await this.#inTurn(() => this.#announce(reservation, bytes));
    } catch (error) {
      reservation.release();
      throw error;
    }
    return reservation;
  }

  /** Rejects as `reserve` does, and sets nothing aside. `kept`: bytes that count until then for what is there of it. */
  async check({ size, account }: WantedRoom, offset: number, kept: number): Promise<void> {
    this.#maxSizeFor(size);
    if (offset === 0) await this.#checkNames();
    const bytes = missing(size, offset);
    await this.#inTurn(() => this.#check(bytes, this.#promisedTo(account), kept - offset));
  }

  /** Throws NoRoom, and RangeError for what is no size. */
  #maxSizeFor(size: number | undefined): number {
    if (size !== undefined && !isCount(size)) throw new RangeError(`${size} is not a size`);
    const { maxSize = Number.POSITIVE_INFINITY } = this.#limits;
    if (size !== undefined && size > maxSize) throw tooLarge(maxSize);
    return maxSize;
  }

  async #announce(reservation: Reservation, bytes: number): Promise<void> {
    // What is there already needs no name, nor do the bytes to come.
    if (reservation.size === 0) await this.#checkNames();
    const room = await this.#check(bytes, this.#promisedTo(reservation.account));
    const left = room - this.#sum(({ aside }) => aside);
    const own = this.#sum(({ account, aside }) => (account === reservation.account ? aside : 0));
    // So that what is left is no less than what its account has.
    reservation.aside = Math.min(bytes, Math.max(Math.floor((left - own) / 2), 0));
    reservation.announced = bytes;
  }

  /** What was announced competes with what is set aside; the bytes of a file of unknown size are announced only now. */
  async #grow(reservation: Reservation, bytes: number): Promise<void> {
    const isAnnounced = reservation.aside + bytes <= reservation.announced;
    const aside = this.#sum((one) => one.aside);
    await this.#check(bytes, isAnnounced ? aside : this.#promisedTo(reservation.account));
    reservation.aside += bytes;
    reservation.announced = Math.max(reservation.announced, reservation.aside);
  }

  /**
   * What another file of this account must leave: all that was announced for its own, and what others have for sure.
   */
  #promisedTo(account: string | undefined): number {
    return this.#sum((one) => (one.account === account ? one.announced : one.aside));
  }

  #sum(bytes: (reservation: Reservation) => number): number {
    return [...this.#reservations].reduce((sum, one) => sum + bytes(one), 0);
  }

  /**
   * Returns the bytes that there is room for, be they promised or not. `spared` count no longer for the total. Rejects with
   * NoRoom.
   */
  async #check(bytes: number, promised: number, spared = 0): Promise<number> {
    return Math.min(
      await this.#checkDisk(bytes, promised),
      await this.#checkTotal(bytes, promised, spared),
    );
  }

  async #checkDisk(bytes: number, promised: number): Promise<number> {
    const { minFree = 0 } = this.#limits;
    const { inbox } = this.#contents;
    const free = await this.#free();
    if (free === undefined && minFree > 0) {
      throw new NoRoom(
        `no room in ${inbox}: its disk does not say how much is free, and --min-free wants ${formatBytes(minFree)}`,
      );
    }
    if (free === undefined) return Number.POSITIVE_INFINITY;
    if (free - promised - bytes >= minFree) return free - minFree;
    const others =
      minFree === 0
        ? `${formatBytes(bytes)} more are needed`
        : `--min-free wants ${formatBytes(minFree)}`;
    const why = free > 0 ? `${formatBytes(free)} are free, and ${others}` : 'the disk is full';
    const isPassing = free - bytes >= minFree;
    const setAside = 'what is left of the disk is set aside for files under way';
    throw new NoRoom(`no room in ${inbox}: ${isPassing ? setAside : why}`, isPassing);
  }

  async #checkTotal(bytes: number, promised: number, spared: number): Promise<number> {
    const { maxTotal } = this.#limits;
    if (maxTotal === undefined) return Number.POSITIVE_INFINITY;
    const { inbox, keptBytes } = this.#contents;
    const written = this.#sum(({ size }) => size);
    const room = (there: number) => maxTotal - there - keptBytes() + spared - written;
    if (await this.#folder.suits((there) => room(there) - bytes >= promised)) {
      return room(this.#folder.bytes);
    }
    const why = `no room in ${inbox}: it may hold ${formatBytes(maxTotal)} in all`;
    throw new NoRoom(why, await this.#folder.suits((there) => room(there) - bytes >= 0));
  }

  /** Rejects with NoRoom where the disk has hardly any names left; some (btrfs) do not count them. */
  async #checkNames(): Promise<void> {
    const stats = await this.#disk();
    if (stats && stats.files > 0 && stats.ffree < Math.min(MIN_FREE_NAMES, stats.files / 20)) {
      const { inbox } = this.#contents;
      throw new NoRoom(`no room in ${inbox}: the disk has hardly any room for more files`);
    }
  }

  /** Bytes; `undefined` where the file system does not say (some of FUSE have no blocks): the disk itself will. */
  async #free(): Promise<number | undefined> {
    const stats = await this.#disk();
    if (!stats || stats.blocks === 0) return undefined;
    const free = stats.bavail * stats.bsize;
    return free >= 0 ? free : undefined;
  }

  #disk() {
    const { files, inbox } = this.#contents;
    return unless(CANNOT_SAY, files.statfs(inbox));
  }
}

/** Bytes that are to come of a file, or that it takes at least. */
const missing = (size: number | undefined, offset: number): number =>
  Math.max(size ?? 0, offset, BLOCK_BYTES) - offset;
