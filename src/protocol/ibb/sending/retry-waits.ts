import type { Clock } from '../../../session/clock.js';

/** How wait errors are met (XEP-0047 §2.2; the defaults are aioxmpp's). */
export interface RetrySettings {
  /** Times that one block is sent again. Default 5. */
  maxRetries: number;
  /** Seconds before the first time. Default 1. */
  initialWait: number;
  /** By how much each further wait is longer. Default 1.2. */
  waitFactor: number;
}

/** The waits before a block that was refused for now goes again. */
export class RetryWaits {
  readonly #settings: RetrySettings;
  readonly #clock: Clock;
  #count = 0;

  constructor(settings: RetrySettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** How often it has gone again. */
  get count(): number {
    return this.#count;
  }

  get areOver(): boolean {
    return this.#count >= this.#settings.maxRetries;
  }

  /** A block was taken. */
  reset(): void {
    this.#count = 0;
  }

  /** Resolves to true when it may go again, and to false when the signal is aborted. */
  async next(signal: AbortSignal): Promise<boolean> {
    const { initialWait, waitFactor } = this.#settings;
    const seconds = initialWait * waitFactor ** this.#count;
    this.#count += 1;
    return this.#clock.sleep(seconds * 1000, signal).then(
      () => true,
      () => false,
    );
  }
}
