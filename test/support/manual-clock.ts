import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/session/clock.js';

interface Sleeper {
  at: number;
  wake(): void;
}

/** A clock that stands still until the test moves it on. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  /** How many sleep at this moment. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const leave = () => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener('abort', abort);
      };
      const abort = () => {
        leave();
        reject(signal.reason);
      };
      const wake = () => {
        leave();
        resolve();
      };
      const sleeper = { at: this.#now + ms, wake };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', abort);
    });
  }

  /** Moves on by `ms`. All that follows from one awakening happens before the next one. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#first(end); next; next = this.#first(end)) {
      this.#now = next.at;
      next.wake();
      await settled();
    }
    this.#now = end;
  }

  /** The one who wakes first, at `end` at the latest. */
  #first(end: number): Sleeper | undefined {
    const [first] = [...this.#sleepers].sort((a, b) => a.at - b.at);
    return first && first.at <= end ? first : undefined;
  }
}

/**
 * Resolves when all that is under way between linked sessions has arrived and been answered: each
 * stanza takes one turn of the event loop, and no test lets as many follow from one event.
 */
export async function settled(): Promise<void> {
  for (let count = 0; count < 50; count += 1) await turn();
}
