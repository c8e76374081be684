import { type Clock, systemClock } from '../../session/clock.js';
import { serverOf } from '../../session/jid.js';

/** How long a server's lane is left alone that has failed, in milliseconds. */
const OUT_MS = 5 * 60_000;

/** Bytes that are worth another attempt, whatever ended the one that carried them. */
const WORTHWHILE_BYTES = 2 ** 20;

/** Several files that are cut off together are one failure, in milliseconds. */
const TOGETHER_MS = 10_000;

interface Failures {
  /** When it came about last, and broke. */
  brokenAt: number;
  /** How often it has broken without carrying much. */
  breaks: number;
  /** When it may be tried again. */
  outUntil: number;
}

const NONE: Failures = { brokenAt: Number.NEGATIVE_INFINITY, breaks: 0, outUntil: 0 };

/**
 * The servers whose lanes have failed, for one command: to each of their users it would be the same. One that breaks is
 * tried once more, for its peer may have been what failed.
 */
export class LaneFailures {
  readonly #clock: Clock;
  readonly #ofServers = new Map<string, Failures>();

  constructor(clock = systemClock) {
    this.#clock = clock;
  }

  isOut(peer: string): boolean {
    const { outUntil } = this.#ofServers.get(serverOf(peer)) ?? NONE;
    return this.#clock.now() < outUntil;
  }

  /** There was no way to this one; or it has ended before its time, after so many bytes. */
  failed(peer: string, carried: number | undefined): void {
    const now = this.#clock.now();
    const { brokenAt, breaks, outUntil } = this.#ofServers.get(serverOf(peer)) ?? NONE;
    const isSame = now - brokenAt < TOGETHER_MS;
    const isWorthwhile = carried !== undefined && carried >= WORTHWHILE_BYTES;
    const broken = isWorthwhile ? 0 : isSame ? breaks : breaks + 1;
    const isOut = carried === undefined || broken > 1;
    this.#ofServers.set(serverOf(peer), {
      brokenAt: carried === undefined ? brokenAt : now,
      breaks: carried === undefined ? breaks : broken,
      outUntil: isOut ? now + OUT_MS : outUntil,
    });
  }
}
