import { type Clock, systemClock, timerMs } from '../session/clock.js';
import type { Session } from '../session/session.js';

export { type Clock, systemClock, timerMs };

/** The clock's time, but for that in which the session is being resumed and nobody can answer. */
export function onlineClock(session: Session, clock: Clock): Clock {
  let stoodStill = 0;
  let since: number | undefined;
  session.onState((state) => {
    if (since !== undefined) stoodStill += clock.now() - since;
    since = state === 'resuming' ? clock.now() : undefined;
  });
  const now = () => (since ?? clock.now()) - stoodStill;
  return {
    now,
    sleep: async (ms, signal, options) => {
      const end = now() + ms;
      do {
        await clock.sleep(end - now(), signal, options);
        await whenNotResuming(session, signal);
      } while (now() < end);
    },
  };
}

function whenNotResuming(session: Session, signal: AbortSignal): Promise<void> {
  if (session.state !== 'resuming') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const abort = () => settle(() => reject(signal.reason));
    const unlisten = session.onState(() => settle(resolve));
    const settle = (how: () => void) => {
      unlisten();
      signal.removeEventListener('abort', abort);
      how();
    };
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  });
}
