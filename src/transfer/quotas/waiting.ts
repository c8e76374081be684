/**
 * In milliseconds: who waits asks again after 5 s at the latest, see `Turn`, and the answers to that take their time on
 * slow servers.
 */
const PATIENCE_MS = 10_000;
/**
 * In milliseconds. A place that is kept for somebody is empty until that one asks again: with small files, that would
 * be most of the time. Chance serves nearly everybody sooner than that.
 */
const LONG_MS = 10_000;
/** More accounts than ever wait in good faith. */
const MAX_WAITING = 1_000;

interface Wait {
  since: number;
  askedAt: number;
}

/** The accounts that were turned away and ask again. Those that have waited for long come first, in their order. */
export class Waiting {
  readonly #now: () => number;
  /** The accounts that wait, the one that has waited longest first. */
  readonly #waits = new Map<string, Wait>();

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  turnedAway(account: string): void {
    const now = this.#now();
    const wait = this.#waits.get(account);
    if (wait && this.#lasts(wait)) {
      wait.askedAt = now;
      return;
    }
    // A sender that has not asked for a while has lost its turn.
    this.#waits.delete(account);
    if (this.#waits.size >= MAX_WAITING) this.#forgetLate();
    if (this.#waits.size < MAX_WAITING) this.#waits.set(account, { since: now, askedAt: now });
  }

  served(account: string): void {
    this.#waits.delete(account);
  }

  /** How many have waited for long, and longer than this one, without those that have a place meanwhile. */
  ahead(account: string, served: ReadonlySet<string>): number {
    let count = 0;
    for (const [other, wait] of this.#waits) {
      if (other === account) break;
      const isLong = this.#now() - wait.since >= LONG_MS;
      if (isLong && this.#lasts(wait) && !served.has(other)) count += 1;
    }
    return count;
  }

  #lasts({ askedAt }: Wait): boolean {
    return this.#now() - askedAt < PATIENCE_MS;
  }

  #forgetLate(): void {
    for (const [account, wait] of this.#waits) {
      if (!this.#lasts(wait)) this.#waits.delete(account);
    }
  }
}
