/** Bytes of memory that each account has taken, and all together. */
export class Shares {
  readonly #bytes = new Map<string, number>();
  #all = 0;

  get all(): number {
    return this.#all;
  }

  of(account: string): number {
    return this.#bytes.get(account) ?? 0;
  }

  /** Fewer than none take some away. */
  add(account: string, bytes: number): void {
    const share = this.of(account) + bytes;
    this.#all += bytes;
    if (share === 0) this.#bytes.delete(account);
    else this.#bytes.set(account, share);
  }

  /**
   * Whether an account may have more: less than `max` bytes with those, and less than it leaves to others of those that
   * there are for all, so that somebody who comes later finds room.
   */
  hasRoom(account: string, max: number, maxOfAll: number, more = 0): boolean {
    return this.of(account) + more < Math.min(max, maxOfAll - this.#all - more);
  }

  /** The account that has taken the most. */
  most(): string | undefined {
    let most: string | undefined;
    let max = 0;
    for (const [account, bytes] of this.#bytes) {
      if (bytes > max) [most, max] = [account, bytes];
    }
    return most;
  }
}

/** The bytes of memory that texts take at most, beside what holds them. */
export const bytesOf = (...texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + BYTES_A_TEXT + 2 * text.length, 0);

const BYTES_A_TEXT = 24;
