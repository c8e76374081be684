import { SCARCE_RATE, type Setting, type Steps } from './search.js';
import { fixedLimit, MAX_BLOCK_MS, maxWindow } from './window.js';

/** With less under way, larger blocks meet the 40 ms for which a recipient's Prosody holds each one back. */
const ENOUGH_BYTES = 192 * 1024;
/** What so many blocks have in them was acknowledged before a size is tried: a limiter may let the first bytes pass. */
const PROVEN_BLOCKS = 8;
/** A size that is not so much larger is not worth a measurement, but where bytes are scarce. */
const MUCH_LARGER = 2;

interface StepsOptions {
  /** Block sizes, smallest first. */
  sizes: readonly number[];
  /** Always so many blocks are under way, as far as memory allows. */
  blocks?: number | undefined;
  /** Bytes that were acknowledged so far. */
  delivered(): number;
}

/** The neighbours of a setting. */
export function stepsAmong({ sizes, blocks, delivered }: StepsOptions): Steps {
  const sized = (blockSize: number, limit: number): Setting => ({
    blockSize,
    limit: blocks ? fixedLimit(blocks, blockSize) : Math.min(limit, maxWindow(blockSize)),
  });
  const isProven = (size: number, rate: number) =>
    size <= rate * MAX_BLOCK_MS && size * PROVEN_BLOCKS <= delivered();
  return {
    larger: ({ blockSize, limit, rate }) => {
      const least = blockSize * (rate < SCARCE_RATE ? 1 : MUCH_LARGER);
      const size = sizes.find((one) => one > blockSize && one >= least);
      if (!size || !isProven(size, rate)) return undefined;
      // Wider as well: where the window is the limit, larger blocks alone would change nothing.
      return sized(size, Math.max(2 * limit, ENOUGH_BYTES));
    },
    smaller: ({ blockSize, limit }) => {
      const size = sizes.findLast((one) => one < blockSize);
      return size ? sized(size, limit) : undefined;
    },
    wider: ({ blockSize, limit }) => {
      const next = sized(blockSize, 2 * limit);
      return next.limit > limit ? next : undefined;
    },
    narrower: ({ blockSize, limit }) => {
      const next = sized(blockSize, limit / 2);
      return next.limit < limit && next.limit >= blockSize ? next : undefined;
    },
  };
}
