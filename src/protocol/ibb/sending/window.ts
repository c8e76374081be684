import { SAFE_BLOCK_SIZE } from './block-sizes.js';
import type { Setting } from './search.js';

/** More than this under way only fills queues on a short way, and some recipients have no room for more. */
export const MAX_BYTES = 1024 * 1024;
/** More than this is no faster with a round trip of 50 ms, and takes memory. */
export const MAX_BYTES_FAR = 2 * MAX_BYTES;
/** Times what the way holds: with this much under way the server is never out of work. */
const FILLS_WAY = 2;
/**
 * Prosody keeps the last 500 stanzas that a client has not acknowledged (XEP-0198), and forgets a session whose
 * connection was cut behind more: the answers to all blocks under way, or the blocks themselves, have to fit in.
 */
const MAX_BLOCKS = 256;
/**
 * What may be under way is delivered in this time beyond the round trip, at the rate measured: a slow server is not
 * flooded.
 */
export const MAX_DELAY_MS = 3_000;
/** A rate is measured over this long, and over a round trip at least. */
export const PERIOD_MS = 60;

/** No block may take longer than this by the rate measured: what is behind it waits for it. */
export const MAX_BLOCK_MS = 1_000;

/** A block of this size, or of as much as may be at this rate, in bytes a millisecond. */
export const deliverableBlock = (size: number, rate: number, least: number) =>
  Math.min(size, Math.max(Math.floor(rate * MAX_BLOCK_MS), least));

/** The bytes that `--window auto` lets be under way at most. */
export const maxWindow = (blockSize: number, most = MAX_BYTES) =>
  Math.min(most, MAX_BLOCKS * blockSize);

/** The bytes that are worth being under way at this rate, in bytes a millisecond, with this round trip. */
export const worthUnderWay = (rate: number, roundTrip: number) =>
  Math.min(Math.max(FILLS_WAY * rate * roundTrip, MAX_BYTES), MAX_BYTES_FAR);

/** The bytes of so many blocks; fewer large ones, where they would take more memory than these promise. */
export const fixedLimit = (blocks: number, blockSize: number) =>
  Math.min(blocks * blockSize, Math.max(blocks * SAFE_BLOCK_SIZE, MAX_BYTES));

/** How much may be under way, in how large blocks. */
export interface Window {
  /** Bytes that may be sent and not acknowledged. At least one block always may. */
  readonly limit: number;
  /** Bytes in the next block. */
  readonly blockSize: number;
  /** How it goes when nothing is being tried. */
  readonly settled: Setting;
  /** Told of each block that was acknowledged. */
  acknowledged(block: Acknowledged): void;
  /** The recipient has had to refuse a block for now: it gets one at a time from now on. */
  refused(): void;
}

export interface Acknowledged {
  bytes: number;
  /** Milliseconds on one clock. */
  sentAt: number;
  now: number;
  /** Whether there was more to send than the window let through. */
  full: boolean;
}

/** `--window <n>`: always n blocks; 1 is what the references do. */
export function fixedWindow(blocks: number, blockSize: number): Window {
  let limit = blocks * blockSize;
  return {
    blockSize,
    get limit() {
      return limit;
    },
    get settled() {
      return { limit, blockSize };
    },
    acknowledged: () => undefined,
    refused: () => {
      limit = blockSize;
    },
  };
}
