import type { InboxOptions } from '../../transfer/receiving/inbox.js';
import { type Files, unless } from '../files.js';
import { inTurn } from '../in-turn.js';
import { isCount } from '../untrusted.js';
import { FolderTotal } from './folder-total.js';
import { NoRoom } from './no-room.js';
import { Reservation, tooLarge } from './reservation.js';

export type Limits = Pick<InboxOptions, 'maxSize' | 'minFree' | 'maxTotal'>;

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
