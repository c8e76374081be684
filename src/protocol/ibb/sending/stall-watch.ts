import type { Clock } from '../../../session/clock.js';
import { ChannelLost } from '../../channel.js';
import type { BlocksUnderWay } from './blocks-under-way.js';

/** After this long without an acknowledgement, with blocks under way, the recipient is looked for. */
const STALL_CHECK_MS = 10_000;
/**
 * Looks without an acknowledgement after which the bytestream is given up: after the 120 s that slixmpp waits for a
 * reply.
 */
const STALL_CHECKS = 12;

/** Looks that must find the recipient deaf before that is believed. */
const DEAF_LOOKS = 2;

/** The recipient is there, and has answered no block though it should. */
export class BlocksIgnored extends Error {
  override readonly name = 'BlocksIgnored';
}

/**
 * `deaf`: it answers what has nothing to do with bytestreams. `silent`: it answers nothing, and nobody has said that it
 * is gone.
 */
export type PeerState = 'there' | 'deaf' | 'silent' | 'gone';

interface StallWatchOptions {
  clock: Clock;
  /** Aborted when the bytestream is over. */
  over: AbortSignal;
  underWay: BlocksUnderWay;
  /** Whether the recipient is still there, as far as can be known. */
  findPeer(): Promise<PeerState>;
  failed(error: Error): void;
}

/**
 * Looks for a recipient that acknowledges nothing. Servers do not always say that one is gone: what they had written to
 * it is never answered. A reply that does not come leaves open whether the block arrived, so it is never sent again.
 */
export class StallWatch {
  readonly #options: StallWatchOptions;
  #isWatching = false;
  #foundDeaf = 0;
  /** Looks in a row that have found nothing acknowledged. */
  #idle = 0;

  constructor(options: StallWatchOptions) {
    this.#options = options;
  }

  /** Watches until nothing is under way. */
  start(): void {
    if (!this.#isWatching) void this.#watch();
  }

  /** The recipient has shown that it works on what it has. */
  assumeAtWork(): void {
    this.#idle = 0;
  }

  async #watch(): Promise<void> {
    const { clock, over, underWay, failed } = this.#options;
    const { acknowledged } = underWay;
    this.#isWatching = true;
    this.#idle = 0;
    for (let before = acknowledged.blocks; underWay.count > 0; ) {
      const sleep = clock.sleep(STALL_CHECK_MS, over);
      const stopped = await sleep.then(
        () => false,
        () => true,
      );
      if (stopped) return;
      const isIdle = acknowledged.blocks === before && underWay.isUnanswered;
      this.#idle = isIdle ? this.#idle + 1 : 0;
      before = acknowledged.blocks;
      if (this.#idle === STALL_CHECKS) {
        return failed(new ChannelLost('the recipient has stopped answering'));
      }
      if (this.#idle > 0) void this.#lookForRecipient();
    }
    this.#isWatching = false;
  }

  async #lookForRecipient(): Promise<void> {
    const { findPeer, failed, underWay } = this.#options;
    const state = await findPeer();
    if (state === 'gone') return failed(new ChannelLost('the recipient is gone'));
    if (state === 'deaf') this.#foundDeaf += 1;
    // What it did answer was asked behind the first block; a second look leaves that time to be written.
    if (this.#foundDeaf < DEAF_LOOKS || underWay.acknowledged.blocks > 0) return;
    failed(new BlocksIgnored('the recipient is there, and does not answer the blocks'));
  }
}
