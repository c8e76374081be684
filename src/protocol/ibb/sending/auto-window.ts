import type { BlockSizes } from './block-sizes.js';
import { type Rated, type Setting, search } from './search.js';
import { stepsAmong } from './steps.js';
import {
  type Acknowledged,
  deliverableBlock,
  fixedLimit,
  MAX_BYTES,
  MAX_BYTES_FAR,
  MAX_DELAY_MS,
  PERIOD_MS,
  type Window,
  worthUnderWay,
} from './window.js';

/** The first window has one block for so many milliseconds of round trip. */
const START_MS_PER_BLOCK = 3;
const MAX_START_BLOCKS = 16;

/**
 * `--window auto` and `--block-size auto`: measures what each window and block size delivers, and keeps what delivers
 * most. More is not always better: with no round trip to speak of, some servers serve one block at a time faster than
 * several, or small ones faster than large ones.
 */
export class AutoWindow implements Window {
  readonly #blockSizes: BlockSizes;
  readonly #blocks: number | undefined;
  #setting: Rated;
  /** What was measured twice in a row: nothing is better, as far as is known. */
  #kept: Rated | undefined;
  #search: ReturnType<typeof search> | undefined;
  #isRefused = false;
  /** Bytes that may be under way: what the recipient has room for, as far as is known. */
  #most: number;
  /** Whether more was under way than some have room for: what is refused may be of that, whatever the limit is by now. */
  #wentFar = false;
  /** How long the first block took, which was alone on the way. */
  #roundTrip = 0;
  /** Bytes a millisecond of whatever was measured last. */
  #rate = Number.POSITIVE_INFINITY;
  #delivered = 0;
  #changedAt = Number.NEGATIVE_INFINITY;
  #since: number | undefined;
  #bytes = 0;

  /** `blocks`: as many are always under way, where that is not measured. */
  constructor(blockSizes: BlockSizes, blocks?: number) {
    this.#blockSizes = blockSizes;
    this.#blocks = blocks;
    this.#most = blocks ? Number.POSITIVE_INFINITY : MAX_BYTES_FAR;
    this.#setting = { ...this.#smallest(blocks ?? 1), rate: Number.POSITIVE_INFINITY };
  }

  get limit(): number {
    return this.#asFits(this.#setting).limit;
  }

  get blockSize(): number {
    return this.#asFits(this.#setting).blockSize;
  }

  get settled(): Setting {
    return this.#asFits(this.#kept ?? this.#setting);
  }

  refused(): void {
    this.#since = undefined;
    if (this.#wentFar && this.#most === MAX_BYTES_FAR) {
      this.#most = MAX_BYTES;
      return;
    }
    this.#isRefused = true;
    this.#setting = { ...this.#smallest(1), rate: this.#rate };
    this.#kept = this.#setting;
  }

  acknowledged({ bytes, sentAt, now, full }: Acknowledged): void {
    this.#delivered += bytes;
    // What was sent before the change tells of the setting before it, and an idle sender of neither.
    if (this.#isRefused || sentAt < this.#changedAt) return;
    if (!this.#search) return this.#start(now, now - sentAt);
    if (this.#since === undefined || !full) {
      this.#since = now;
      this.#bytes = 0;
      return;
    }
    this.#bytes += bytes;
    const elapsed = now - this.#since;
    if (elapsed < Math.max(PERIOD_MS, now - sentAt)) return;
    this.#rate = this.#bytes / elapsed;
    this.#take(this.#search.next(this.#rate).value, now);
  }

  /** The first round trip, in milliseconds, tells where to begin. */
  #start(now: number, roundTrip: number): void {
    this.#roundTrip = roundTrip;
    const blocks = Math.min(Math.max(roundTrip / START_MS_PER_BLOCK, 1), MAX_START_BLOCKS);
    const start = this.#smallest(this.#blocks ?? 2 ** Math.round(Math.log2(blocks)));
    const steps = stepsAmong({
      ...{ sizes: this.#blockSizes.sizes, blocks: this.#blocks, roundTrip },
      most: (rate) => Math.min(worthUnderWay(rate, roundTrip), this.#most),
      delivered: () => this.#delivered,
    });
    this.#search = search(start, steps);
    this.#take(this.#search.next().value, now);
  }

  #take(setting: Rated, now: number): void {
    const { limit, blockSize } = this.#setting;
    const isSame = setting.limit === limit && setting.blockSize === blockSize;
    this.#setting = setting;
    this.#wentFar ||= this.limit > MAX_BYTES;
    this.#since = undefined;
    if (isSame) this.#kept = setting;
    else this.#changedAt = now;
  }

  /** No more than the rate allows. */
  #asFits({ limit, blockSize, rate }: Rated): Setting {
    return {
      limit: Math.min(limit, this.#most, rate * (MAX_DELAY_MS + this.#roundTrip)),
      blockSize: deliverableBlock(blockSize, this.#rate, this.#blockSizes.least),
    };
  }

  #smallest(blocks: number): Setting {
    const blockSize = this.#blockSizes.sizes[0] as number;
    return { blockSize, limit: fixedLimit(blocks, blockSize) };
  }
}
