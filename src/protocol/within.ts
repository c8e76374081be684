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
