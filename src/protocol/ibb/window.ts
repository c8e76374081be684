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
