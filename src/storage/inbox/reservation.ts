import { NoRoom } from '../../transfer/inbox-errors.js';

/** Bytes that are set aside at a time for a file of unknown size, and for what is more than a share. */
const STEP = 4 * 1024 * 1024;

/** What one file may do to the room that all share. */
interface Room {
  /** Sets so many bytes aside for it. Rejects with NoRoom. */
  grow(bytes: number): Promise<void>;
  name<T>(bytes: number, naming: () => Promise<T>): Promise<T>;
  release(): void;
}

/** Room for one file. */
export class Reservation {
  /** Bytes that were announced and are not on the disk yet. */
  announced = 0;
  /** The bytes of them that nobody else gets. */
  aside = 0;
  /** Whose file it is, if that is known. */
  readonly account: string | undefined;
  readonly #max: number;
  readonly #space: Room;
  #size: number;

  /** `size`: bytes that are on the disk already. */
  constructor(account: string | undefined, max: number, size: number, space: Room) {
    this.account = account;
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
    return bytes <= this.aside && this.#size + bytes <= this.#max;
  }

  /** Makes room for so many more bytes. Rejects with NoRoom. */
  async extend(bytes: number): Promise<void> {
    if (this.#size + bytes > this.#max) throw tooLarge(this.#max);
    const missing = bytes - this.aside;
    const step = Math.min(STEP, this.#max - this.#size - this.aside);
    try {
      await this.#space.grow(Math.max(missing, step));
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
      await this.#space.grow(missing);
    }
  }

  /** To be called when they are written. */
  spend(bytes: number): void {
    this.#size += bytes;
    this.aside -= bytes;
    this.announced -= bytes;
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

export function tooLarge(max: number): NoRoom {
  return new NoRoom(`the file is larger than ${max} bytes`);
}
