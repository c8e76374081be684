/** How many blocks may be under way. */
export interface Window {
  /** Bytes that may be sent and not acknowledged. At least one block always may. */
  readonly limit: number;
  /** A block was acknowledged, `roundTrip` ms after it was sent. */
  acknowledged(bytes: number, roundTrip: number, now: number): void;
}

/** `--window <n>`: always n blocks. */
export function fixedWindow(blocks: number, blockSize: number): Window {
  return { limit: blocks * blockSize, acknowledged: () => undefined };
}
