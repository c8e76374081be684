import { type Contacts, followContacts, TooManyContacts } from '../../protocol/presence/roster.js';
import { type Clock, systemClock } from '../../session/clock.js';
import type { Session } from '../../session/session.js';

const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 10 * 60_000;

/**
 * Resolves to the contacts of the account as they are from now on; where they cannot be read, to nobody, `tell` hears
 * why, and they are read again later, until they are or the session ends. Rejects when it ends at once.
 */
export async function keepContacts(
  session: Session,
  tell: (text: string) => void,
  clock: Clock = systemClock,
): Promise<Contacts> {
  let contacts: Contacts = new Set<string>();
  try {
    contacts = await followContacts(session);
  } catch (error) {
    session.ended.throwIfAborted();
    const { message } = error as Error;
    const isFinal = error instanceof TooManyContacts;
    const rest = isFinal ? '' : '; trying again later';
    tell(`the contacts cannot be read, so none is let in (${message})${rest}`);
    if (!isFinal) {
      void readLater(session, clock, tell).then((found) => {
        if (!found) return;
        contacts = found;
        tell('the contacts can be read again, and are let in');
      });
    }
  }
  return { has: (jid) => contacts.has(jid), values: () => contacts.values() };
}

/** Resolves to `undefined` where reading again is of no use. */
async function readLater(
  session: Session,
  clock: Clock,
  tell: (text: string) => void,
): Promise<Contacts | undefined> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    // Cut short, the session is over, and tells why itself.
    await clock.sleep(pause, session.ended).catch(() => undefined);
    if (session.ended.aborted) return undefined;
    try {
      return await followContacts(session);
    } catch (error) {
      if (!(error instanceof TooManyContacts)) continue;
      tell(`the contacts cannot be read, so none is let in (${error.message})`);
      return undefined;
    }
  }
}
