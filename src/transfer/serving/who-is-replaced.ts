import { isConnected } from '../../protocol/presence/presence.js';
import { roundTrip } from '../../protocol/round-trip.js';
import { systemClock } from '../../session/clock.js';
import { RequestTimeout } from '../../session/requests.js';
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
 * Warns where somebody is online with the resource that is about to be taken, whose session most servers end then. Asks
 * from a random resource, without being seen. Rejects as `connect` does.
 */
export async function warnOfReplaced({ account, connect, report, signal }: Taking): Promise<void> {
  if (account.includes('/')) return;
  const jid = receiverOf(account);
  const session = await connect({ admit: () => false });
  try {
    if (!(await isAlive(session, jid, signal))) return;
    const text = `${jid} is online already, and most servers end that session for this one; two at a time need two resources: -a ${jid}-2`;
    report({ event: 'warning', text });
  } finally {
    await session.close();
  }
}

async function isAlive(session: Session, jid: string, signal: AbortSignal): Promise<boolean> {
  const options = { signal, timeout: PATIENCE_MS };
  try {
    if (!(await isConnected(session, jid, options))) return false;
    await roundTrip(session, jid, systemClock, options);
    return true;
  } catch (error) {
    if (error instanceof RequestTimeout) return false;
    throw error;
  }
}
