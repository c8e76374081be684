// RFC 6121 §5 and §8: messages that were meant for a person.
import { bareJid } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { type Element, xml } from '../../session/xml.js';

interface ReturnOptions {
  /** Whether this one is let know of us; the own account always is. */
  admits(from: string): boolean;
  /** Limits how often anybody is answered; `characters`: of the id, which goes back. */
  mayAnswer?(from: string, characters: number): boolean;
  /** Whether a message is read here all the same. */
  isForUs?(message: Element): boolean;
}

/**
 * Sends back what a person wrote to our full JID, so that the writer knows that nobody reads it here. To strangers we
 * are a resource that is not there, which returns what is said as in a room (§8.5.3.2.1), and nothing else. Undo: the
 * function returned.
 */
export function returnChat(
  session: Session,
  { admits, mayAnswer = () => true, isForUs = () => false }: ReturnOptions,
): () => void {
  return session.onMessage((message) => {
    const { from, id, type = 'normal' } = message.attrs;
    if (!from || isForUs(message)) return;
    const isStranger = !admits(from) && bareJid(from) !== bareJid(session.jid);
    const written = message.getChild('body') && (type === 'normal' || type === 'chat');
    if (isStranger ? type !== 'groupchat' : !written) return;
    if (!mayAnswer(from, id?.length ?? 0)) return;
    const text = isStranger ? '' : 'nobody reads messages here';
    const error = new StanzaError('cancel', 'service-unavailable', text);
    const answer = xml('message', { type: 'error', to: from, id }, error.toElement());
    // The answer is too large to be sent, by its id, or the connection is gone, and the session ends with its error.
    session.send(answer).catch(() => undefined);
  });
}
