// What others may cost us, each account whatever its resources. `--max-sessions` limits the transfers in all.

import type { LeastPace } from '../../protocol/ibb/watch-peer.js';
import { systemClock } from '../../session/clock.js';
import { bareJid } from '../../session/jid.js';
import { type Rate, TokenBuckets } from './token-buckets.js';
import { Waiting } from './waiting.js';

/**
 * Offers that came to something do not count: a sender of a thousand good files is not held up. The burst is for one
 * whose connection breaks all the time.
 */
const OFFERS: Rate = { burst: 30, perMinute: 10 };

/** Bytes that cost the sender something, too, even if they are not the whole file. */
const WORTHWHILE_BYTES = 65_536;

/**
 * Small files, which cost their sender next to nothing: a folder of ten thousand goes through as fast as the servers
 * let it, and after that as many a minute as one `send` brings. Beyond that they count as offers that come to nothing,
 * so that their sender is asked to wait.
 */
const SMALL_FILES: Rate = { burst: 10_000, perMinute: 600 };

/**
 * Files that are there already: a few looks at the disk each, and an answer to whether the recipient has left it as it
 * was. A folder of two thousand that is sent again goes through at once; beyond that they count as offers that come to
 * nothing, so that their sender is asked to wait.
 */
const ALREADY_THERE: Rate = { burst: 2_000, perMinute: 1_200 };

/** A sender that waits for a place asks again every few seconds; forty of one account may do so. */
const ASKED_AGAIN: Rate = { burst: 200, perMinute: 600 };

/**
 * All that a chat of some months shows, at once. Each may bring 87 KB in answer to 200 bytes, which is 43 MB at once
 * and 10 MB a minute: only to those who are let in.
 */
export const BLOB_REQUESTS: Rate = { burst: 500, perMinute: 120 };

/**
 * Answers that say that nothing is here: the first minute gives 260 of some 200 bytes, less than 64 KB. Who goes
 * beyond hears nothing, by which a stranger could tell us from a resource that is not there; few ask that much.
 */
export const REFUSALS: Rate = { burst: 200, perMinute: 60 };

/** An answer with more of the asker's own words in it counts as several. */
export const REFUSAL_CHARACTERS = 200;

/** A message each, answered by another one of its size. Whoever sends many files in many commands proposes each. */
export const PROPOSALS: Rate = { burst: 1_000, perMinute: 600 };

/** Lines that say that somebody was turned away: enough to find out who it is. */
export const NOTES: Rate = { burst: 3, perMinute: 1 };

const MINUTE_MS = 60_000;

/**
 * The slowest server in common use lets 2.2 kB/s through, and a connection that is being resumed is silent for ten
 * minutes at most: in quarter of an hour that leaves ten times of what is asked for. A day brings 190 MB even there.
 */
export const PACE: LeastPace = {
  maxIdleMs: 2 * MINUTE_MS,
  minBytes: 65_536,
  periodMs: 15 * MINUTE_MS,
  lifetimeMs: 24 * 60 * MINUTE_MS,
};

/** Decides whether an account that is let in may begin a transfer now. */
export class TransferLimits {
  readonly #maxTransfers: number;
  readonly #offers: TokenBuckets;
  readonly #smallFiles: TokenBuckets;
  readonly #alreadyThere: TokenBuckets;
  readonly #askedAgain: TokenBuckets;
  readonly #waiting: Waiting;

  /** `now`: milliseconds. */
  constructor(maxTransfers: number, now = systemClock.now) {
    this.#maxTransfers = maxTransfers;
    this.#offers = new TokenBuckets(OFFERS, now);
    this.#smallFiles = new TokenBuckets(SMALL_FILES, now);
    this.#alreadyThere = new TokenBuckets(ALREADY_THERE, now);
    this.#askedAgain = new TokenBuckets(ASKED_AGAIN, now);
    this.#waiting = new Waiting(now);
  }

  /** Counts an offer; returns whether it may be looked at. */
  mayOffer(peer: string): boolean {
    return this.#offers.take(peer);
  }

  /**
   * Takes a place beside the transfers with these peers, named once for each; returns whether there is one: while more
   * are free than its account has. Alone it gets half of them, the next account half of the rest, and so on; whoever
   * has none gets the last. Those who have waited for long and have none come first.
   */
  takeRoom(peer: string, peers: readonly string[]): boolean {
    const account = bareJid(peer);
    const accounts = peers.map(bareJid);
    const ofOne = accounts.filter((other) => other === account).length;
    const free = this.#maxTransfers - peers.length;
    const isRoom = free > ofOne + this.#waiting.ahead(account, new Set(accounts));
    if (isRoom) this.#waiting.served(account);
    return isRoom;
  }

  /** A transfer is over that brought so many bytes. */
  ended(peer: string, bytes: number, isWhole: boolean): void {
    const isWorthwhile = bytes >= WORTHWHILE_BYTES;
    if (isWorthwhile || (isWhole && this.#smallFiles.take(peer))) this.#offers.giveBack(peer);
  }

  /** A file was offered that is there already. */
  wasThere(peer: string): void {
    if (this.#alreadyThere.take(peer)) this.#offers.giveBack(peer);
  }

  /** An offer was answered "busy": it does not count, unless its sender never stops asking. */
  turnedAway(peer: string): void {
    this.#waiting.turnedAway(bareJid(peer));
    if (this.#askedAgain.take(peer)) this.#offers.giveBack(peer);
  }
}
