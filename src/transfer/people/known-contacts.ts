import { rosterJids } from '../../protocol/presence/roster.js';
import type { Session } from '../../session/session.js';
import type { Connect } from '../connect.js';

/** Remembers bare JIDs from one run to the next. */
export interface KnownContacts {
  list(): Promise<string[]>;
  /** Whether they are worth another look at the roster. */
  isOld(): Promise<boolean>;
  keep(jids: readonly string[]): Promise<void>;
}

/** JIDs that are kept: nobody reads through more, and as many long ones are 2 MB. */
const MOST = 1_000;

/** Goes online as `connect` does, and keeps who is in the roster, beside what the session is for. */
export const remembering =
  (connect: Connect, known: KnownContacts): Connect =>
  async (as) => {
    const session = await connect(as);
    // Nothing waits for it; where it fails, the old list stays.
    remember(session, known).catch(() => undefined);
    return session;
  };

async function remember(session: Session, known: KnownContacts): Promise<void> {
  if (await known.isOld()) await known.keep(await rosterJids(session, MOST));
}
