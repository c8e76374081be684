import { EventEmitter, once } from 'node:events';
import type { Clock } from '../../src/session/clock.js';
import { ManualClock } from './manual-clock.js';

const PATIENCE_MS = 30_000;

/**
 * A manual clock for what goes over a real network: the test waits until somebody sleeps for so long, and
 * lets that time pass.
 */
export class SteppedClock implements Clock {
  readonly #clock = new ManualClock();
  readonly #news = new EventEmitter();
  /** When they wake. */
  #asleep: number[] = [];

  now(): number {
    return this.#clock.now();
  }

  get sleepers(): number {
    return this.#asleep.length;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const slept = this.#clock.sleep(ms, signal);
    const at = this.now() + ms;
    this.#asleep.push(at);
    this.#news.emit('asleep');
    try {
      await slept;
    } finally {
      this.#asleep.splice(this.#asleep.indexOf(at), 1);
    }
  }

  /** Waits until somebody sleeps who is to wake in `ms`. */
  async next(ms: number): Promise<void> {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    while (!this.#asleep.includes(this.now() + ms)) {
      await once(this.#news, 'asleep', { signal: patience }).catch(() => {
        const others = this.#asleep.map((at) => at - this.now());
        throw new Error(`nobody sleeps for ${ms} ms, but for ${others.join(', ')}`);
      });
    }
  }

  /** Waits for the same, and lets the time pass. */
  async step(ms: number): Promise<void> {
    await this.next(ms);
    await this.#clock.advance(ms);
  }
}
