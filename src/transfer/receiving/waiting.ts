/** In milliseconds: who waits asks again sooner than that, see `Turn`. */
const PATIENCE_MS = 6_000;
/** More accounts than ever wait in good faith. */
const MAX_WAITING = 1_000;

/** The accounts that were turned away and ask again: the first to come is the first to be served. */
export class Waiting {
  readonly #now: () => number;
  /** When each of them has asked last, those that have waited longest first. */
  readonly #askedAt = new Map<string, number>();

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  turnedAway(account: string): void {
    // Whoever has not asked for a while has lost its turn.
    if (!this.#isWaiting(account)) this.#askedAt.delete(account);
    if (this.#askedAt.size >= MAX_WAITING) this.#forgetLate();
    if (this.#askedAt.size >= MAX_WAITING && !this.#askedAt.has(account)) return;
    this.#askedAt.set(account, this.#now());
  }

  served(account: string): void {
    this.#askedAt.delete(account);
  }

  /** How many have waited for longer than this one, without those that have a place meanwhile. */
  ahead(account: string, served: ReadonlySet<string>): number {
    let count = 0;
    for (const other of this.#askedAt.keys()) {
      if (other === account) break;
      if (this.#isWaiting(other) && !served.has(other)) count += 1;
    }
    return count;
  }

  #isWaiting(account: string): boolean {
    const askedAt = this.#askedAt.get(account);
    return askedAt !== undefined && this.#now() - askedAt < PATIENCE_MS;
  }

  #forgetLate(): void {
    for (const account of this.#askedAt.keys()) {
      if (!this.#isWaiting(account)) this.#askedAt.delete(account);
    }
  }
}
