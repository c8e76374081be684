import { isConnected } from '../../protocol/presence/presence.js';
import { roundTrip } from '../../protocol/round-trip.js';
import { systemClock } from '../../session/clock.js';
import type { Session } from '../../session/session.js';
import type { Connect } from '../connect.js';
import type { Report } from '../events.js';
import { receiverOf } from '../finding/receiver.js';

interface Taking {
  /** The own JID; with a resource, that one is taken unasked. */
  account: string;
  connect: Connect;
  report: Report;
  signal: AbortSignal;
}

/** Whoever is there answers sooner; a session that broke off is kept by its server, and answers nothing. */
const PATIENCE_MS = 3_000;

/**
 * Warns where somebody is online with the resource that is about to be taken, whose session most servers end then: it
 * is too late to ask when that is taken. Asks from a random resource, without being seen, and waits three seconds at
 * most for an answer; being online, and going offline, have their own limits. Rejects as `connect` does, which would fail in the same way for what is to come, or with the signal's reason.
 */
export async function warnOfReplaced({ account, connect, report, signal }: Taking): Promise<void> {
  if (account.includes('/')) return;
  const jid = receiverOf(account);
  const session = await connect({ admit: () => false });
  try {
    if (!(await isAlive(session, jid, signal))) return;
    const text = `${jid} is online already, and most servers end that session for this one; two at a time need two resources: -a ${jid}-2`;
    report({ event: 'warning', text });
  } catch (error) {
    signal.throwIfAborted();
    // It is for a warning alone, and what comes next is tried again where this is not.
    const { message } = error as Error;
    report({ event: 'note', text: `nobody knows whether ${jid} is online already: ${message}` });
  } finally {
    await session.close();
  }
}

async function isAlive(session: Session, jid: string, signal: AbortSignal): Promise<boolean> {
  const late = AbortSignal.timeout(PATIENCE_MS);
  const options = { signal: AbortSignal.any([signal, late]) };
  try {
    if (!(await isConnected(session, jid, options))) return false;
    await roundTrip(session, jid, systemClock, options);
    return true;
  } catch (error) {
    if (late.aborted) return false;
    throw error;
  }
}
