import { orAborted } from '../../session/aborted.js';
import { type Clock, systemClock } from '../../session/clock.js';
import { backoff } from '../../session/resume/backoff.js';

/** What has worked for this long, in milliseconds, did not fail at once. */
const STABLE_MS = 60_000;

/** Attempts at one thing, with growing, jittered pauses between them. */
export class Retries {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  /** Milliseconds without anything done, up to `#since`. */
  #lost = 0;
  #since: number | undefined;
  /** When the present attempt began to work. */
  #worksSince: number | undefined;
  #furthest = 0;
  /** When something of the present attempt has moved last. */
  #movedAt: number | undefined;
  /** What the last attempt has ended with. */
  #failure: Error | undefined;

  /** `limit`: milliseconds that attempts may go on without any progress. */
  constructor(limit: number, clock = systemClock, random = Math.random) {
    this.#limit = limit;
    this.#clock = clock;
    this.#random = random;
  }

  /** The present attempt works. If it does for a minute, the next failure counts as the first. */
  works(): void {
    this.#worksSince ??= this.#clock.now();
  }

  /**
   * Makes an attempt. One that comes after others is aborted, with what the last of these has ended with, as soon as there
   * has been no progress for too long. One that is made although the time was over has all of it once more.
   */
  async attempt<T>(signal: AbortSignal, work: (until: AbortSignal) => Promise<T>): Promise<T> {
    this.#movedAt = undefined;
    this.#lose();
    if (this.#since === undefined || this.#limit === 0) return work(signal);
    const [over, ended] = [new AbortController(), new AbortController()];
    const isExtra = this.#lost >= this.#limit;
    void this.#watch(isExtra ? this.#limit : this.#limit - this.#lost, over, ended.signal);
    try {
      return await orAborted(work(AbortSignal.any([signal, over.signal])), over.signal);
    } finally {
      ended.abort();
    }
  }

  /** Aborts after so many milliseconds without anything done; until something new is, or the attempt has ended. */
  async #watch(most: number, over: AbortController, ended: AbortSignal): Promise<void> {
    while (this.#since !== undefined && !ended.aborted) {
      // Not counted for good: what moves next may make up for it.
      const rest = most - (this.#clock.now() - this.#since);
      if (rest <= 0) return over.abort(this.#failure);
      await this.#clock.sleep(rest, ended).catch(() => undefined); // it has ended
    }
  }

  /** The recipient waits for the file: from now on it is silence where nothing moves. */
  begins(): void {
    this.#movedAt = this.#clock.now();
  }

  /** Something is done which is no progress, and takes its time. */
  moved(): void {
    this.#movedAt = this.#clock.now();
    if (this.#since !== undefined) this.#since = this.#movedAt;
  }

  /** The attempt got this far. What is done again is no progress, but it takes its time. */
  reached(point: number): void {
    this.moved();
    if (point <= this.#furthest) return;
    this.#furthest = point;
    this.works();
    this.#lost = 0;
    this.#since = undefined;
    // Not 0: a server that ends each session after a block would be logged in to without a pause.
    this.#failures = Math.min(this.#failures, 1);
  }

  /** The present attempt has failed, so that the time is lost since it has moved last. */
  fails(error: Error): void {
    this.#failure = error;
    this.#fail();
  }

  /**
   * Waits before another attempt, for so many milliseconds as `onWait` hears; or throws the error when there has been no progress for too
   * long.
   */
  async wait(error: Error, signal: AbortSignal, onWait: (pause: number) => void): Promise<void> {
    this.#fail();
    if (this.#hasLasted()) this.#failures = 0;
    this.#worksSince = undefined;
    const pause = backoff(this.#failures, this.#random);
    this.#failures += 1;
    if (this.#lost + pause >= this.#limit) throw error;
    onWait(pause);
    // Between two connections nothing else keeps the process running.
    await this.#clock.sleep(pause, signal, { ref: true }).catch(() => signal.throwIfAborted());
    this.#lose();
  }

  #hasLasted(): boolean {
    return this.#worksSince !== undefined && this.#clock.now() - this.#worksSince >= STABLE_MS;
  }

  /** The time is lost since something has moved last. */
  #fail(): void {
    this.#since ??= this.#movedAt ?? this.#clock.now();
    this.#lose();
  }

  /** Nothing was done since the last look, where time is being lost. */
  #lose(): void {
    if (this.#since === undefined) return;
    const now = this.#clock.now();
    this.#lost += now - this.#since;
    this.#since = now;
  }
}
