import { type Clock, systemClock } from '../../session/clock.js';
import type { Report } from '../events.js';
import { nextTry } from './time-in-words.js';

/** Milliseconds of the first pause; doubled each time. */
const FIRST_PAUSE_MS = 1_000;

/** Milliseconds of the longest pause, so that a sender who has waited long is hardly behind one who comes now. */
const LONGEST_PAUSE_MS = 5_000;

/** Milliseconds between two warnings: each of thousands of small files has a wait of its own. */
const TELL_MS = 60_000;

/** Waiting for a place with somebody who is busy, for a limited time each time. */
export class Turn {
  readonly #limit: number;
  readonly #report: Report;
  readonly #clock: Clock;
  readonly #random: () => number;
  #since: number | undefined;
  #tries = 0;
  #wasTold = false;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** `limit`: milliseconds from the first "busy" on. */
  constructor(limit: number, report: Report, clock = systemClock, random = Math.random) {
    this.#limit = limit;
    this.#report = report;
    this.#clock = clock;
    this.#random = random;
  }

  /** Waits before the next try with these recipients; the user is told once. Throws the error when the time is over. */
  async wait(who: readonly string[], error: Error, signal: AbortSignal): Promise<void> {
    this.#since ??= this.#clock.now();
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.#tries, LONGEST_PAUSE_MS);
    // Senders that were turned away together should not come back together.
    const pause = longest * (1 - this.#random() / 2);
    if (this.#clock.now() + pause - this.#since >= this.#limit) throw error;
    this.#tell(who, pause);
    this.#tries += 1;
    // Between two tries nothing else may keep the process running.
    await this.#clock.sleep(pause, signal, { ref: true }).catch(() => signal.throwIfAborted());
  }

  /** There was a place: the next wait is a new one. */
  came(): void {
    this.#since = undefined;
    this.#tries = 0;
    this.#wasTold = false;
  }

  #tell(who: readonly string[], pause: number): void {
    const are = who.length > 1 ? 'are' : 'is';
    const text = `${who.join(', ')} ${are} busy; ${nextTry(pause)}`;
    const now = this.#clock.now();
    const isNews = !this.#wasTold && now - this.#toldAt >= TELL_MS;
    this.#report({ event: isNews ? 'warning' : 'note', text });
    if (!isNews) return;
    this.#wasTold = true;
    this.#toldAt = now;
  }
}
