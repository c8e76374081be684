import { discoverInfo } from '../../protocol/disco.js';
import { hasForms, preparedJid } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';

/** Milliseconds for an answer: nobody is let in before, and a server far away may be down. */
const PATIENCE_MS = 10_000;

/**
 * The rules of `--allow` and, of the addresses among them, the forms that their servers have of them, where a server
 * may write them otherwise: it is by these that others come. Rejects when the session ends.
 */
export async function writtenRules(session: Session, rules: readonly string[]): Promise<string[]> {
  const typed = rules.filter((rule) => rule.includes('@')).map(preparedJid);
  const asked = typed.filter(hasForms).map((jid) => writtenForm(session, jid));
  const written = (await Promise.all(asked)).filter((jid) => jid !== undefined);
  return [...rules, ...written];
}

/** An answer, be it an error, has the address as its server writes it. */
async function writtenForm(session: Session, jid: string): Promise<string | undefined> {
  try {
    return (await discoverInfo(session, jid, undefined, { timeout: PATIENCE_MS })).jid;
  } catch (error) {
    session.ended.throwIfAborted();
    return error instanceof StanzaError ? error.from : undefined;
  }
}
