import type { Clock } from '../../session/clock.js';

/** Lets one wait for what another does. */
export class Waker {
  readonly #clock: Clock;
  #wake: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when `wake` is called, or after `ms`. */
  async wait(ms: number): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    // It rejects when it is woken, which is what was waited for.
    await this.#clock.sleep(ms, woken.signal).catch(() => undefined);
  }

  wake(): void {
    this.#wake();
  }
}
