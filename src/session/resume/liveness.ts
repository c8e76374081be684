import type { Clock } from '../clock.js';
import type { XmppStream } from '../stream/xmpp-stream.js';

/** After this long without a byte the server is asked for a sign of life. */
const IDLE_MS = 60_000;
/** How long that sign may take: in all less than the 90 s after which a dead connection must be noticed. */
const ANSWER_MS = 20_000;
/**
 * An answer takes some round trips at most, unless the server still has other things to say: so many times the last
 * exchange, and at least so long, nothing at all may come.
 */
const ROUND_TRIPS = 10;
const MIN_QUIET_MS = 3_000;

/**
 * Resolves when the connection is there no more though nobody has said so: the server was asked, by `ask`,
 * and not a byte came. Rejects when the signal aborts.
 */
export async function untilSilent(
  stream: Pick<XmppStream, 'onRead'>,
  ask: () => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let heardAt = clock.now();
  stream.onRead(() => {
    heardAt = clock.now();
  });
  for (;;) {
    const before = heardAt;
    await clock.sleep(before + IDLE_MS - clock.now(), signal);
    if (heardAt !== before) continue;
    ask();
    await clock.sleep(ANSWER_MS, signal);
    if (heardAt === before) return;
  }
}

/**
 * Resolves when a question is not answered in time though the connection may well be alive: the server says
 * nothing, or other things for too long. `roundTrip`: the milliseconds that the last answer took. Rejects when it
 * is answered, or the signal aborts.
 */
export async function untilOverdue(
  answered: Promise<void>,
  { stream, roundTrip }: { stream: Pick<XmppStream, 'onRead'>; roundTrip: number },
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  void answered.then(() => done.abort());
  const over = AbortSignal.any([done.signal, signal]);
  const latest = clock.now() + ANSWER_MS;
  const quiet = Math.max(ROUND_TRIPS * roundTrip, MIN_QUIET_MS);
  let heardAt = clock.now();
  stream.onRead(() => {
    heardAt = clock.now();
  });
  for (;;) {
    const left = Math.min(heardAt + quiet, latest) - clock.now();
    if (left <= 0) return;
    await clock.sleep(left, over);
  }
}

/** Fails the stream when `overdue` resolves; nothing happens when it rejects. */
export function failAfter(
  overdue: Promise<void>,
  stream: Pick<XmppStream, 'fail'>,
  error: Error,
): void {
  overdue.then(
    () => stream.fail(error),
    () => undefined,
  );
}
