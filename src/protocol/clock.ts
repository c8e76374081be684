import { setTimeout as wait } from 'node:timers/promises';

/** Time, as protocol code sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds; only differences mean something. */
  now(): number;
  /** Resolves after `ms`; rejects when the signal aborts. Does not keep the process running. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => wait(ms, undefined, { signal, ref: false }),
};
