import { bareJid } from '../session/jid.js';
import type { Session } from '../session/session.js';
import { StanzaError } from '../session/stanza-error.js';
import { type Element, xml } from '../session/xml.js';

// RFC 6121 §2: the contacts of the account.
const NS_ROSTER = 'jabber:iq:roster';

/** Who sees our presence: the contacts with a subscription `from` or `both`, as bare JIDs. */
export interface Contacts {
  has(bareJid: string): boolean;
}

/** Reads the roster and follows its changes. Rejects as `request` does. */
export async function followContacts(session: Session): Promise<Contacts> {
  const contacts = new Set<string>();
  session.handle('set', NS_ROSTER, 'query', (query, { from }) => {
    // §2.1.6: a push from anyone else would let strangers in.
    if (from !== bareJid(session.jid)) throw new StanzaError('cancel', 'service-unavailable');
    takeItems(query, contacts);
    return undefined;
  });
  const reply = await session.request('get', undefined, xml('query', { xmlns: NS_ROSTER }));
  const query = reply.getChild('query', NS_ROSTER);
  if (query) takeItems(query, contacts);
  return contacts;
}

function takeItems(query: Element, contacts: Set<string>): void {
  for (const { attrs } of query.getChildren('item')) {
    if (!attrs.jid) continue;
    const trusted = attrs.subscription === 'from' || attrs.subscription === 'both';
    if (trusted) contacts.add(bareJid(attrs.jid));
    else contacts.delete(bareJid(attrs.jid));
  }
}
