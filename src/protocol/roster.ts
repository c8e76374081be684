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
  /** Pushes may overtake the reply, which is then older. */
  const pushed = new Set<string>();
  session.handle('set', NS_ROSTER, 'query', (query, { from }) => {
    // §2.1.6: a push from anyone else would let strangers in.
    if (from !== bareJid(session.jid)) throw new StanzaError('cancel', 'service-unavailable');
    for (const jid of takeItems(query, contacts)) pushed.add(jid);
    return undefined;
  });
  const reply = await session.request('get', undefined, xml('query', { xmlns: NS_ROSTER }));
  const query = reply.getChild('query', NS_ROSTER);
  if (query) takeItems(query, contacts, pushed);
  return contacts;
}

/** Returns whom the items were about. What cannot be an address is nobody's. */
function takeItems(query: Element, contacts: Set<string>, except = new Set<string>()): string[] {
  const items = query.getChildren('item').flatMap(({ attrs }) => {
    const jid = readBare(attrs.jid ?? '');
    return jid === undefined || except.has(jid) ? [] : [{ jid, subscription: attrs.subscription }];
  });
  for (const { jid, subscription } of items) {
    if (subscription === 'from' || subscription === 'both') contacts.add(jid);
    else contacts.delete(jid);
  }
  return items.map(({ jid }) => jid);
}

function readBare(text: string): string | undefined {
  try {
    return bareJid(text);
  } catch {
    return undefined;
  }
}
