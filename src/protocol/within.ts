import { orAborted } from '../session/aborted.js';
import type { Clock } from '../session/clock.js';

/**
 * Does it with a signal that is aborted after `ms`, or as the one given is; it is for `act` to obey. Settles as that
 * does.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  act: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  const [late, done] = [new AbortController(), new AbortController()];
  clock.sleep(ms, done.signal).then(
    () => late.abort(new Error('nobody answered in time')),
    () => undefined, // it is done
  );
  try {
    return await act(AbortSignal.any([signal, late.signal]));
  } finally {
    done.abort();
  }
}

/**
 * The same for what is of use only in time, as it holds back what is known: `act` is not waited for any longer, whatever
 * it does. Resolves to nothing then; rejects as `act` does, and with the signal's reason.
 */
export async function inTime<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  act: (until: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  return within(clock, ms, signal, async (until) => {
    try {
      return await orAborted(act(until), until);
    } catch (error) {
      if (!until.aborted || signal.aborted) throw error;
      return undefined;
    }
  });
}
