import { NoRoom } from './no-room.js';

/** Bytes that are set aside at a time for a file of unknown size. */
const STEP = 4 * 1024 * 1024;

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

export function tooLarge(max: number): NoRoom {
  return new NoRoom(`the file is larger than ${max} bytes`);
}
