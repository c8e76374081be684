import { systemClock } from '../../session/clock.js';

/** Accounts of which the user hears at once; later it is one in each period. */
const BURST = 20;

const PERIOD_MS = 60 * 60 * 1000;

/** Accounts that are remembered as told. */
const MOST_TOLD = 200;

/** Which of those that are turned away the user is told of: each account once, and few of a flood. */
export class Strangers {
  readonly #now: () => number;
  readonly #told = new Set<string>();
  #left = BURST;
  /** Until when `#left` has grown. */
  #grownAt: number;
  /** That there are others has been told since the last one was named. */
  #areOthersTold = false;

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(now = systemClock.now) {
    this.#now = now;
    this.#grownAt = now();
  }

  /** What is told now that this account was turned away: its name, that there are others, or nothing. */
  next(account: string): 'name' | 'others' | undefined {
    if (this.#told.has(account)) return undefined;
    if (!this.#take()) {
      const isNews = !this.#areOthersTold;
      this.#areOthersTold = true;
      return isNews ? 'others' : undefined;
    }
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.add(account);
    this.#areOthersTold = false;
    return 'name';
  }

  #take(): boolean {
    const periods = Math.floor((this.#now() - this.#grownAt) / PERIOD_MS);
    this.#grownAt += periods * PERIOD_MS;
    this.#left = Math.min(this.#left + periods, BURST);
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
