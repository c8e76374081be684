import type { Clock } from '../../../session/clock.js';
import type { RetrySettings } from './retry-waits.js';
import type { PeerState } from './stall-watch.js';
import type { Window } from './window.js';

export interface OutgoingOptions {
  /** Bytes that the recipient takes in a block. */
  blockSize: number;
  window: Window;
  retry: RetrySettings;
  clock: Clock;
  /** Sends a block; resolves when it is acknowledged, rejects when it is refused, or the signal is aborted. */
  send(seq: number, bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** Where the recipient takes no block as they are sent: sends them otherwise from now on, in this window. */
  sendOtherwise?: (() => Window) | undefined;
  /** Whether the recipient is still there, as far as can be known. */
  findPeer(): Promise<PeerState>;
  /** Called after each block that was acknowledged. */
  acknowledged(): void;
  /** Called once, when the direction cannot go on. */
  failed(error: Error): void;
}
