import type { Clock } from '../../session/clock.js';
import { type Channel, ChannelLost } from '../channel.js';
import type { JingleSession } from './session/jingle-session.js';

/** After this long without a byte that moves, in milliseconds, the peer is asked. */
const STALLED_MS = 10_000;

/** How long after an offer its recipient is asked whether it knows it, and how often from then on. */
export const OFFERED_MS = {
  /** Some programs acknowledge an offer, fail over it, and know no Jingle session any more (Gajim 1.7.3). */
  first: 3_000,
  /** While a person thinks, the program that asks may end. */
  later: 30_000,
};

/**
 * Asks the peer whether it knows the Jingle session still, whenever the channel stalls, until that closes or `signal` is
 * aborted: a program that was started anew knows nothing of the file any more, and servers do not tell.
 */
export async function pingWhenStalled(
  jingleSession: JingleSession,
  channel: Channel,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  const closed = new AbortController();
  channel.once('close', () => closed.abort());
  const signals = [closed.signal, jingleSession.ended, ...(signal ? [signal] : [])];
  const until = AbortSignal.any(signals);
  const moved = () => channel.bytesSent + channel.bytesReceived;
  for (let before = -1; !until.aborted; before = moved()) {
    // Cut short, it is over, and the loop ends.
    await clock.sleep(STALLED_MS, until).catch(() => undefined);
    if (moved() === before && !until.aborted) await jingleSession.ping();
  }
}

/** How often a sender hears that something is done here, in milliseconds: six times before it gives up waiting. */
const AT_WORK_MS = 20_000;

/**
 * Returns what tells the sender of a file now and then, as long as it is called, that something is done with what it
 * has sent that takes its time. It hears that by a question whether it knows the Jingle session still.
 */
export function signsOfWork(jingleSession: JingleSession, clock: Clock): () => void {
  let last = clock.now();
  return () => {
    if (clock.now() - last < AT_WORK_MS || jingleSession.ended.aborted) return;
    last = clock.now();
    void jingleSession.ping();
  };
}

/**
 * Resolves when the recipient knows the Jingle session, or has ended it; `isThere` does when it says that it has the
 * file. A recipient that has just been started may have accepted a bytestream for its own sake, and would take the
 * close of one without bytes for the end of an empty file. Rejects with `ChannelLost` if it says nothing.
 */
export async function mustBeKnown(
  jingleSession: JingleSession,
  isThere: Promise<true>,
): Promise<void> {
  const isKnown = await Promise.race([jingleSession.ping(), isThere]);
  if (!isKnown) throw new ChannelLost('the recipient does not say whether it knows the file');
}
