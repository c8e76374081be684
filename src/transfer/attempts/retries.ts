import { orAborted } from '../../session/aborted.js';
import { type Clock, systemClock } from '../../session/clock.js';
import { IdleTime } from './idle-time.js';
import { Pauses } from './pauses.js';

/** Attempts at one thing, with pauses between them, until there has been no progress for too long. */
export class Retries {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #pauses: Pauses;
  readonly #idle: IdleTime;
  #furthest = 0;
  /** What the last attempt has ended with. */
  #failure: Error | undefined;

  /** `limit`: milliseconds that attempts may go on without any progress. */
  constructor(limit: number, clock = systemClock, random = Math.random) {
    this.#limit = limit;
    this.#clock = clock;
    this.#pauses = new Pauses(clock, random);
    this.#idle = new IdleTime(clock);
  }

  /**
   * Makes an attempt. One that comes after others is aborted, with what the last of these has ended with, as soon as there
   * has been no progress for too long. One that is made although the time was over has all of it once more.
   */
  async attempt<T>(signal: AbortSignal, work: (until: AbortSignal) => Promise<T>): Promise<T> {
    this.#idle.attemptBegins();
    if (this.#idle.running === undefined || this.#limit === 0) return work(signal);
    const [over, ended] = [new AbortController(), new AbortController()];
    const rest = this.#limit - this.#idle.counted;
    void this.#watch(rest > 0 ? rest : this.#limit, over, ended.signal);
    try {
      return await orAborted(work(AbortSignal.any([signal, over.signal])), over.signal);
    } finally {
      ended.abort();
    }
  }

  /** Aborts after so many milliseconds without anything done; until something new is, or the attempt has ended. */
  async #watch(most: number, over: AbortController, ended: AbortSignal): Promise<void> {
    for (;;) {
      const { running } = this.#idle;
      if (running === undefined || ended.aborted) return;
      const rest = most - running;
      if (rest <= 0) return over.abort(this.#failure);
      await this.#clock.sleep(rest, ended).catch(() => undefined); // it has ended
    }
  }

  /** The recipient waits for the file: from now on it is silence where nothing moves. */
  begins(): void {
    this.#idle.begins();
  }

  /** Something is done which is no progress, and takes its time. */
  moved(): void {
    this.#idle.moved();
  }

  /** The attempt got this far. What is done again is no progress, but it takes its time. */
  reached(point: number): void {
    this.#idle.moved();
    if (point <= this.#furthest) return;
    this.#furthest = point;
    this.#idle.ends();
    this.#pauses.getsFurther();
  }

  /** The present attempt has failed, so that the time is lost since it has moved last. */
  fails(error: Error): void {
    this.#failure = error;
    this.#idle.fails();
  }

  /**
   * Waits before another attempt, for so many milliseconds as `onWait` hears; or throws the error when there has been no progress for too
   * long.
   */
  async wait(error: Error, signal: AbortSignal, onWait: (pause: number) => void): Promise<void> {
    this.#idle.fails();
    const pause = this.#pauses.next();
    if (this.#idle.counted + pause >= this.#limit) throw error;
    onWait(pause);
    await this.#pauses.wait(pause, signal);
  }
}
