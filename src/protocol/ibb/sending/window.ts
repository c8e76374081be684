/** More than this under way only fills queues on the way. */
const MAX_BYTES = 1024 * 1024;
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

/** The bytes that `--window auto` lets be under way at most. */
export const maxWindow = (blockSize: number) => Math.min(MAX_BYTES, MAX_BLOCKS * blockSize);

/** How much may be under way. */
export interface Window {
  /** Bytes that may be sent and not acknowledged. At least one block always may. */
  readonly limit: number;
  /** Told of each block that was acknowledged. */
  acknowledged(block: Acknowledged): void;
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
  return { limit: blocks * blockSize, acknowledged: () => undefined };
}
