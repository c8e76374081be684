import { ResourceConflict } from '../session/connection/resource-conflict.js';
import type { LoginTold } from '../session/given/connect-options.js';
import type { Session } from '../session/session.js';
import type { StanzaSessionOptions } from '../session/stanza-session.js';
import type { Report } from './events.js';

export interface ConnectAs extends StanzaSessionOptions {
  /** Asked for where the account names none. */
  resource?: string;
  /** Gives up connecting, and resuming, as the end of the command does. */
  signal?: AbortSignal;
  /** Told how each login came about. */
  onLogin?: (login: LoginTold) => void;
}

/** Goes online as the user's account. Rejects as `connect` of the session does. */
export type Connect = (as?: ConnectAs) => Promise<Session>;

/** Goes online and tells the user, now and when it changes. */
export async function goOnline(
  connect: Connect,
  report: Report,
  as: ConnectAs = {},
): Promise<Session> {
  const session = await connect(as);
  reportState(session, report);
  return session;
}

/** Tells the user that the session is online, and what becomes of it. */
export function reportState(session: Session, report: Report): void {
  const { jid } = session;
  report({ event: 'state', state: 'online', jid });
  session.onState((state) => report({ event: 'state', state, jid }));
}

/** A session that there is when it is needed. */
export interface KeptSession {
  /** Goes online the first time, and again if the session before has ended. */
  session(): Promise<Session>;
  close(): Promise<void>;
}

export function keepSession(connect: Connect, report: Report, as: ConnectAs): KeptSession {
  const closing = new AbortController();
  let last: Session | undefined;
  let coming: Promise<Session> | undefined;
  const renew = async () => {
    // The client that has taken our resource would lose it again.
    if (last?.ended.reason instanceof ResourceConflict) throw last.ended.reason;
    last = await goOnline(connect, report, { ...as, signal: closing.signal });
    return last;
  };
  return {
    session: async () => {
      if (last && !last.ended.aborted) return last;
      coming ??= renew().finally(() => {
        coming = undefined;
      });
      return coming;
    },
    close: async () => {
      await last?.close();
      // Somebody may have gone online, and waits for it no longer.
      closing.abort();
    },
  };
}
