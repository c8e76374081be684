import { setTimeout as wait } from 'node:timers/promises';

/** Time, as the program sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds; only differences mean something. */
  now(): number;
  /** Resolves after `ms`; rejects when the signal aborts. Keeps the process running only with `ref`. */
  sleep(ms: number, signal: AbortSignal, options?: { ref: boolean }): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal, { ref } = { ref: false }) => wait(ms, undefined, { signal, ref }),
};
