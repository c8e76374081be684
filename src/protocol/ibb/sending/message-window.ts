import { type Acknowledged, MAX_DELAY_MS, maxWindow, PERIOD_MS, type Window } from './window.js';

/** Fewer messages spend most of the time waiting for the answer to what is asked behind them. */
const START_BLOCKS = 16;
/** The blocks of one run are acknowledged together, within less than this. */
const RUN_MS = 5;
/** What one measurement may add: a server's limit may let the first seconds through. */
const GROWTH = 4;

/**
 * `--window auto` in messages: a server has no more to do for many of them than for few, so that the window is what is
 * delivered in three seconds, and its first measurements need nothing to compare with.
 */
export class MessageWindow implements Window {
  readonly #blockSize: number;
  #limit: number;
  #since: number | undefined;
  #bytes = 0;

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
    this.#limit = START_BLOCKS * blockSize;
  }

  get limit(): number {
    return this.#limit;
  }

  acknowledged({ bytes, now, full }: Acknowledged): void {
    // An idle sender tells nothing of what could be delivered.
    if (this.#since === undefined || !full) {
      this.#since = now;
      this.#bytes = 0;
      return;
    }
    const elapsed = now - this.#since;
    // Belongs to the previous measurement.
    if (elapsed < RUN_MS) return;
    this.#bytes += bytes;
    const isWindow = this.#bytes >= this.#limit && elapsed >= PERIOD_MS;
    if (!isWindow && elapsed < MAX_DELAY_MS) return;
    const deliverable = (this.#bytes / elapsed) * MAX_DELAY_MS;
    const limit = Math.min(deliverable, GROWTH * this.#limit, maxWindow(this.#blockSize));
    this.#limit = Math.max(limit, this.#blockSize);
    this.#since = now;
    this.#bytes = 0;
  }
}
