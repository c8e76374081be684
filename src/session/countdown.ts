import { timerMs } from './clock.js';

/** A timer that can stand still, for time that must not count. */
export class Countdown {
  readonly #run: () => void;
  #left: number;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Stands still at first. `ms` until `run` is called; `Number.POSITIVE_INFINITY` never. */
  constructor(ms: number, run: () => void) {
    this.#left = ms;
    this.#run = run;
  }

  go(): void {
    if (this.#timer || !Number.isFinite(this.#left)) return;
    this.#since = performance.now();
    this.#timer = setTimeout(this.#run, timerMs(this.#left));
  }

  stop(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#left -= performance.now() - this.#since;
  }
}
