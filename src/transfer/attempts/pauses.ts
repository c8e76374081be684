import { type Clock, systemClock } from '../../session/clock.js';
import { backoff } from '../../session/resume/backoff.js';

/** What has worked for this long, in milliseconds, did not fail at once. */
const STABLE_MS = 60_000;

/** Growing, jittered pauses between attempts at one thing. */
export class Pauses {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  /** When the present attempt began to work. */
  #worksSince: number | undefined;

  constructor(clock = systemClock, random = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The present attempt works. If it does for a minute, the next failure counts as the first. */
  works(): void {
    this.#worksSince ??= this.#clock.now();
  }

  /** The present attempt got further than those before it. */
  getsFurther(): void {
    this.works();
    // Not 0: a server that ends each session after a block would be logged in to without a pause.
    this.#failures = Math.min(this.#failures, 1);
  }

  /** The present attempt has failed. Returns how long to wait before another one, in milliseconds. */
  next(): number {
    if (this.#hasLasted()) this.#failures = 0;
    this.#worksSince = undefined;
    const pause = backoff(this.#failures, this.#random);
    this.#failures += 1;
    return pause;
  }

  /** Waits for so many milliseconds. */
  async wait(pause: number, signal: AbortSignal): Promise<void> {
    // Between two connections nothing else keeps the process running.
    await this.#clock.sleep(pause, signal, { ref: true }).catch(() => signal.throwIfAborted());
  }

  #hasLasted(): boolean {
    return this.#worksSince !== undefined && this.#clock.now() - this.#worksSince >= STABLE_MS;
  }
}
