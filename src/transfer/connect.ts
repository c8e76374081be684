import type { Session } from '../session/session.js';
import type { StanzaSessionOptions } from '../session/stanza-session.js';

export interface ConnectAs extends StanzaSessionOptions {
  /** Asked for where the account names none. */
  resource?: string;
}

/** Goes online as the user's account. Rejects as `connect` of the session does. */
export type Connect = (as?: ConnectAs) => Promise<Session>;
