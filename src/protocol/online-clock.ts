import { orAborted } from '../session/aborted.js';
import type { Clock } from '../session/clock.js';
import type { Session } from '../session/session.js';

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

async function whenNotResuming(session: Session, signal: AbortSignal): Promise<void> {
  if (session.state !== 'resuming') return;
  let unlisten = () => {};
  const changed = new Promise<void>((resolve) => {
    unlisten = session.onState(() => resolve());
  });
  await orAborted(changed, signal).finally(unlisten);
}
