import { setTimeout as wait } from 'node:timers/promises';

/** Time, as the program sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds; only differences mean something. */
  now(): number;
  /** Resolves after `ms`; rejects when the signal aborts. Keeps the process running only with `ref`. */
  sleep(ms: number, signal: AbortSignal, options?: { ref: boolean }): Promise<void>;
}

/** Node's own: a timer for more than this fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A duration of any origin as a timer can take it: what is longer than 24 days is as good as these. */
export const timerMs = (ms: number): number => Math.min(ms, LONGEST_TIMER_MS);

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal, { ref } = { ref: false }) => wait(timerMs(ms), undefined, { signal, ref }),
};
