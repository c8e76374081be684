import type { BlockSizes } from './block-sizes.js';
import { type Setting, search } from './search.js';
import { stepsAmong } from './steps.js';
import {
  type Acknowledged,
  deliverableBlock,
  MAX_DELAY_MS,
  maxWindow,
  PERIOD_MS,
  type Window,
} from './window.js';

/** Fewer messages spend most of the time waiting for the answer to what is asked behind them. */
const START_BLOCKS = 16;
/** The blocks of one run are acknowledged together, within less than this. */
const RUN_MS = 5;
/** Factor by which one measurement may grow the window: a server's limit may let the first seconds through. */
const GROWTH = 4;
/** A window that grows by no more than this does not hide what a block size delivers. */
const SETTLED = 1.1;

const nowhere = () => undefined;

/**
 * `--window auto` in messages: a server has no more to do for many of them than for few, so that the window is what is
 * delivered in three seconds, and its first measurements need nothing to compare with. The block size is searched for.
 */
export class MessageWindow implements Window {
  readonly #blockSizes: BlockSizes;
  readonly #search: ReturnType<typeof search>;
  #setting: Setting;
  /** What was measured twice in a row: no block size is better, as far as is known. */
  #kept: Setting | undefined;
  #limit: number;
  #rate = Number.POSITIVE_INFINITY;
  #delivered = 0;
  #changedAt = Number.NEGATIVE_INFINITY;
  #since: number | undefined;
  /** When the present run began to be acknowledged, and the last block that counts. */
  #runAt = 0;
  #lastAt = 0;
  #bytes = 0;

  constructor(blockSizes: BlockSizes) {
    this.#blockSizes = blockSizes;
    const [blockSize = blockSizes.least] = blockSizes.sizes;
    this.#limit = START_BLOCKS * blockSize;
    const steps = stepsAmong({ sizes: blockSizes.sizes, delivered: () => this.#delivered });
    const start = { blockSize, limit: this.#limit };
    this.#search = search(start, { ...steps, wider: nowhere, narrower: nowhere });
    this.#setting = this.#search.next().value;
  }

  get limit(): number {
    return Math.max(this.#limit, this.blockSize);
  }

  get blockSize(): number {
    return this.#sizeOf(this.#setting);
  }

  get settled(): Setting {
    return { limit: this.limit, blockSize: this.#sizeOf(this.#kept ?? this.#setting) };
  }

  /** Nobody refuses a message for now. */
  refused(): void {
    this.#limit = this.blockSize;
  }

  acknowledged({ bytes, sentAt, now, full }: Acknowledged): void {
    this.#delivered += bytes;
    // What was sent before the change tells of the block size before it.
    if (sentAt < this.#changedAt) return;
    // An idle sender tells nothing of what could be delivered.
    if (this.#since === undefined || !full) return this.#measureFrom(now);
    if (now - this.#runAt >= RUN_MS) this.#runBegins(now);
    // Belongs to the previous measurement.
    if (now - this.#since < RUN_MS) return;
    this.#bytes += bytes;
    this.#lastAt = now;
  }

  /** The runs before are whole; of this one nobody knows yet how much it is. */
  #runBegins(now: number): void {
    const elapsed = this.#lastAt - (this.#since ?? now);
    const isWindow = this.#bytes >= this.#limit && elapsed >= PERIOD_MS;
    if (isWindow || elapsed >= MAX_DELAY_MS) this.#judge(this.#bytes / elapsed, this.#lastAt);
    // It is no more than the window was: a server that has become slow is not flooded until it is measured.
    this.#limit *= Math.min(MAX_DELAY_MS / (now - this.#lastAt), 1);
    this.#runAt = now;
  }

  #judge(rate: number, now: number): void {
    const before = this.#limit;
    const most = maxWindow(this.#setting.blockSize);
    this.#limit = Math.min(rate * MAX_DELAY_MS, GROWTH * before, most);
    this.#rate = rate;
    this.#measureFrom(now);
    if (this.#limit > before * SETTLED) return;
    const setting = this.#search.next(rate).value;
    if (setting.blockSize === this.#setting.blockSize) {
      this.#kept = setting;
      return;
    }
    this.#setting = setting;
    this.#changedAt = now;
    this.#since = undefined;
  }

  #sizeOf({ blockSize }: Setting): number {
    return deliverableBlock(blockSize, this.#rate, this.#blockSizes.least);
  }

  #measureFrom(now: number): void {
    this.#since = now;
    this.#lastAt = now;
    this.#runAt = now;
    this.#bytes = 0;
  }
}
