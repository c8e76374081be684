// RFC 6121 §5 and §8: messages that were meant for a person.
import type { Session } from '../session/session.js';
import { StanzaError } from '../session/stanza-error.js';
import { xml } from '../session/xml.js';

/**
 * Sends back what a person wrote to our full JID, so that the writer knows that nobody reads it here, if `admits`
 * lets the writer know of us. Undo: the function returned.
 */
export function returnChat(session: Session, admits: (from: string) => boolean): () => void {
  return session.onMessage((message) => {
    const { from, id, type = 'normal' } = message.attrs;
    const written = message.getChild('body') && (type === 'normal' || type === 'chat');
    if (!from || !written || !admits(from)) return;
    const error = new StanzaError('cancel', 'service-unavailable', 'nobody reads messages here');
    const answer = xml('message', { type: 'error', to: from, id }, error.toElement());
    // When the write fails the connection is gone, and the session ends with its error.
    session.send(answer).catch(() => undefined);
  });
}
