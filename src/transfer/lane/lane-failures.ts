import { type Clock, systemClock } from '../../session/clock.js';
import { serverOf } from '../../session/jid.js';

/** How long a server's lane is left alone that has failed, in milliseconds. */
const OUT_MS = 5 * 60_000;

/** Bytes that must have arrived between two breaks, so that another attempt is worth it. */
const WORTHWHILE_BYTES = 2 ** 20;

/** Several files that are cut off together are one failure, in milliseconds. */
const TOGETHER_MS = 10_000;

interface Failures {
  /** When it has broken last. */
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
  /** Where each file began by a lane the last time. What we have written says little of what arrives. */
  readonly #begun = new WeakMap<object, number>();

  constructor(clock = systemClock) {
    this.#clock = clock;
  }

  isOut(peer: string): boolean {
    return this.#clock.now() < this.#of(peer).outUntil;
  }

  /** There was no way to this one. */
  failed(peer: string): void {
    this.#note(peer, { outUntil: this.#clock.now() + OUT_MS });
  }

  /** There was one, which has broken. */
  broke(peer: string): void {
    const now = this.#clock.now();
    const { brokenAt, breaks } = this.#of(peer);
    if (now - brokenAt < TOGETHER_MS && breaks > 0) return;
    this.#note(peer, { brokenAt: now, breaks: breaks + 1 });
    if (breaks > 0) this.failed(peer);
  }

  /** There is one, by which a file begins at this byte. `file`: the same object each time. */
  begins(peer: string, file: object, offset: number): void {
    const before = this.#begun.get(file) ?? offset;
    this.#begun.set(file, offset);
    // A break in this attempt is another one than that of the attempt before.
    const { breaks } = this.#of(peer);
    const isWorthwhile = offset - before >= WORTHWHILE_BYTES;
    this.#note(peer, { brokenAt: NONE.brokenAt, breaks: isWorthwhile ? 0 : breaks });
  }

  #of(peer: string): Failures {
    return this.#ofServers.get(serverOf(peer)) ?? NONE;
  }

  #note(peer: string, news: Partial<Failures>): void {
    this.#ofServers.set(serverOf(peer), { ...this.#of(peer), ...news });
  }
}
