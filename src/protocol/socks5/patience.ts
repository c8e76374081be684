import type { Clock } from '../../session/clock.js';

/** Waits for somebody who gives signs of life: so many milliseconds from the last one on. */
export class Patience {
  readonly #clock: Clock;
  readonly #ms: number;
  #renewedAt = 0;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /** There was a sign. */
  renew(): void {
    this.#renewedAt = this.#clock.now();
  }

  /** Resolves when there was no sign for so long, to `true`; or to `false` when the signal is aborted. */
  async ends(signal: AbortSignal): Promise<boolean> {
    this.renew();
    for (let rest = this.#ms; rest > 0; rest = this.#renewedAt + this.#ms - this.#clock.now()) {
      // Cut short, nobody waits any more.
      await this.#clock.sleep(rest, signal).catch(() => undefined);
      if (signal.aborted) return false;
    }
    return true;
  }
}
