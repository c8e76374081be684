import { isConnected } from '../../protocol/presence/presence.js';
import { type Clock, systemClock } from '../../session/clock.js';
import { RequestTimeout } from '../../session/requests.js';
import type { Session } from '../../session/session.js';

const ANSWER_MS = 10_000;

/**
 * Milliseconds between two looks: a program that was killed holds its resource until the server has given it up, some
 * minutes later.
 */
const LOOK_MS = 60_000;

/**
 * Resolves when nobody is connected with this JID any more; who is, is not disturbed. Rejects when the signal aborts.
 */
export async function untilFree(
  session: Session,
  jid: string,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<void> {
  for (;;) {
    await untilGoneOrLate(session, jid, signal, clock);
    const options = { signal, timeout: ANSWER_MS };
    const connected = isConnected(session, jid, options).catch((error) => {
      signal.throwIfAborted();
      if (error instanceof RequestTimeout) return true;
      throw error;
    });
    if (!(await connected)) return;
  }
}

/** Waits for the next look, or until the resource is seen to go. */
async function untilGoneOrLate(
  session: Session,
  jid: string,
  signal: AbortSignal,
  clock: Clock,
): Promise<void> {
  const gone = new AbortController();
  const forget = session.onPresence(({ attrs }) => {
    if (attrs.type === 'unavailable' && attrs.from === jid) gone.abort();
  });
  const awake = AbortSignal.any([signal, gone.signal]);
  try {
    await clock.sleep(LOOK_MS, awake).catch(() => signal.throwIfAborted());
  } finally {
    forget();
  }
}
