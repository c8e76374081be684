import { type Acknowledged, MAX_DELAY_MS, maxWindow, PERIOD_MS, type Window } from './window.js';

/** A larger window must deliver more than this to be kept; a smaller one at least that. */
const WORTH_MORE = 1.1;
const AS_GOOD = 0.97;
/** Nearly twice as much from a window twice as large: the limit is far off. */
const FAR_FROM_LIMIT = 1.7;
/** Windows without gain before the search ends: a round trip may hide behind the first. */
const PATIENCE = 2;
/** Periods between two looks at the neighbouring windows. */
const HOLD = 20;

/** The first window has one block for so many milliseconds of round trip. */
const START_MS_PER_BLOCK = 3;
const MAX_START_BLOCKS = 16;

/**
 * `--window auto`: measures what each window delivers, doubling it while that pays, and keeps the one that
 * delivers most. More is not always better: with no round trip to speak of, some servers serve one block
 * at a time faster than several.
 */
export class AutoWindow implements Window {
  readonly #blockSize: number;
  readonly #maxLevel: number;
  /** The window is 2 ** level blocks. */
  #level = 0;
  #best = { level: 0, rate: 0 };
  #started = false;
  /** How long the first block took, which was alone on the way. */
  #roundTrip = 0;
  #searching = true;
  #misses = 0;
  #held = 0;
  #probeUp = false;
  #changedAt = Number.NEGATIVE_INFINITY;
  #since: number | undefined;
  #bytes = 0;

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
    this.#maxLevel = Math.floor(Math.log2(maxWindow(blockSize) / blockSize));
  }

  get limit(): number {
    const { rate } = this.#best;
    const delay = MAX_DELAY_MS + this.#roundTrip;
    const deliverable = rate > 0 ? rate * delay : Number.POSITIVE_INFINITY;
    return Math.min(this.#blockSize * 2 ** this.#level, deliverable);
  }

  acknowledged({ bytes, sentAt, now, full }: Acknowledged): void {
    // What was sent before the change tells of the window before it, and an idle sender of neither.
    if (sentAt < this.#changedAt) return;
    if (!this.#started) return this.#start(now, now - sentAt);
    if (this.#since === undefined || !full) {
      this.#since = now;
      this.#bytes = 0;
      return;
    }
    this.#bytes += bytes;
    const elapsed = now - this.#since;
    if (elapsed < Math.max(PERIOD_MS, now - sentAt)) return;
    this.#judge(this.#bytes / elapsed);
    this.#since = undefined;
    this.#changedAt = now;
  }

  /** The first round trip, in milliseconds, tells where to begin. */
  #start(now: number, roundTrip: number): void {
    const blocks = Math.min(Math.max(roundTrip / START_MS_PER_BLOCK, 1), MAX_START_BLOCKS);
    this.#level = Math.min(Math.round(Math.log2(blocks)), this.#maxLevel);
    this.#best.level = this.#level;
    this.#roundTrip = roundTrip;
    this.#changedAt = now;
    this.#started = true;
  }

  /** `rate`: bytes a millisecond that the present window delivered. */
  #judge(rate: number): void {
    if (this.#searching) this.#search(rate);
    else if (this.#level === this.#best.level) this.#hold(rate);
    else this.#compare(rate);
  }

  #search(rate: number): void {
    const gain = rate / this.#best.rate;
    this.#misses = gain > WORTH_MORE ? 0 : this.#misses + 1;
    if (this.#misses === 0) this.#best = { level: this.#level, rate };
    this.#searching = this.#misses < PATIENCE && this.#level < this.#maxLevel;
    const step = gain > FAR_FROM_LIMIT ? 2 : 1;
    this.#level = this.#searching ? Math.min(this.#level + step, this.#maxLevel) : this.#best.level;
  }

  #hold(rate: number): void {
    this.#best.rate += (rate - this.#best.rate) / 4;
    this.#held += 1;
    if (this.#held < HOLD) return;
    this.#held = 0;
    this.#probeUp = !this.#probeUp;
    const next = this.#level + (this.#probeUp ? 1 : -1);
    if (next >= 0 && next <= this.#maxLevel) this.#level = next;
  }

  #compare(rate: number): void {
    const needed = this.#level > this.#best.level ? WORTH_MORE : AS_GOOD;
    if (rate >= this.#best.rate * needed) this.#best = { level: this.#level, rate };
    this.#level = this.#best.level;
  }
}
