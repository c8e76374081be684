import { SCARCE_RATE, type Setting, type Steps } from './search.js';
import { fixedLimit, MAX_BLOCK_MS, MAX_BYTES, maxWindow } from './window.js';

/** With less under way, larger blocks meet the 40 ms for which a recipient's Prosody holds each one back. */
const ENOUGH_BYTES = 192 * 1024;
/** What so many blocks have in them was acknowledged before a size is tried: a limiter may let the first bytes pass. */
const PROVEN_BLOCKS = 8;
/** A size that is not so much larger is not worth a measurement, but where bytes are scarce. */
const MUCH_LARGER = 2;

/** Where what is under way comes back in little more than a round trip, nothing waits anywhere, and far more fits in. */
const NOTHING_WAITS = 0.75;
const FAR_WIDER = 4;

interface StepsOptions {
  /** Block sizes, smallest first. */
  sizes: readonly number[];
  /** Always so many blocks are under way, as far as memory allows. */
  blocks?: number | undefined;
  /** Milliseconds. */
  roundTrip?: number;
  /** Bytes that may be under way at this rate. */
  most?(rate: number): number;
  /** Bytes that were acknowledged so far. */
  delivered(): number;
}

/** The neighbours of a setting. */
export function stepsAmong(options: StepsOptions): Steps {
  const { sizes, blocks, roundTrip = 0, most = () => MAX_BYTES, delivered } = options;
  const sized = (blockSize: number, limit: number, rate: number): Setting => ({
    blockSize,
    limit: blocks
      ? fixedLimit(blocks, blockSize)
      : Math.min(limit, maxWindow(blockSize, most(rate))),
  });
  const isProven = (size: number, rate: number) =>
    size <= rate * MAX_BLOCK_MS && size * PROVEN_BLOCKS <= delivered();
  return {
    larger: ({ blockSize, limit, rate }) => {
      const least = blockSize * (rate < SCARCE_RATE ? 1 : MUCH_LARGER);
      const size = sizes.find((one) => one > blockSize && one >= least);
      if (!size || !isProven(size, rate)) return undefined;
      // Wider as well: where the window is the limit, larger blocks alone would change nothing.
      return sized(size, Math.max(2 * limit, ENOUGH_BYTES), rate);
    },
    smaller: ({ blockSize, limit, rate }) => {
      const size = sizes.findLast((one) => one < blockSize);
      return size ? sized(size, limit, rate) : undefined;
    },
    wider: ({ blockSize, limit, rate }) => {
      const factor = rate * roundTrip > limit * NOTHING_WAITS ? FAR_WIDER : 2;
      const next = sized(blockSize, factor * limit, rate);
      return next.limit > limit ? next : undefined;
    },
    narrower: ({ blockSize, limit, rate }) => {
      const next = sized(blockSize, limit / 2, rate);
      return next.limit < limit && next.limit >= blockSize ? next : undefined;
    },
  };
}
