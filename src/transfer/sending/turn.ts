import { type Clock, systemClock } from '../../protocol/clock.js';

/** So long at first, in milliseconds; doubled each time. */
const FIRST_PAUSE_MS = 1_000;

/** No longer, so that one who has waited long is hardly behind one who comes now. */
const LONGEST_PAUSE_MS = 5_000;

/** Waiting for a place with somebody who is busy, for a limited time. */
export class Turn {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  #since: number | undefined;
  #tries = 0;

  /** `limit`: milliseconds from the first "busy" on. */
  constructor(limit: number, clock = systemClock, random = Math.random) {
    this.#limit = limit;
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Waits before the next try, of which `onWait` hears: milliseconds, and whether it is the first wait. Throws the error
   * when the time is over.
   */
  async wait(
    error: Error,
    signal: AbortSignal,
    onWait: (pause: number, isFirst: boolean) => void,
  ): Promise<void> {
    this.#since ??= this.#clock.now();
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.#tries, LONGEST_PAUSE_MS);
    // Those who were turned away together do not come back together.
    const pause = longest * (1 - this.#random() / 2);
    if (this.#clock.now() + pause - this.#since >= this.#limit) throw error;
    onWait(pause, this.#tries === 0);
    this.#tries += 1;
    // Between two tries nothing else may keep the process running.
    await this.#clock.sleep(pause, signal, { ref: true }).catch(() => signal.throwIfAborted());
  }

  /** There was a place: the next wait is a new one. */
  came(): void {
    this.#since = undefined;
    this.#tries = 0;
  }
}
