import { bareJid, isJid } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { type Element, xml } from '../../session/xml.js';

// RFC 6121 §2: the contacts of the account.
const NS_ROSTER = 'jabber:iq:roster';

/** More than anybody has: some 20 MB of addresses. */
const MAX_ITEMS = 200_000;
/** Characters of all addresses that are kept; one may have 2,047. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** A server may need its time for so many. */
const TIMEOUT_MS = 120_000;

/** The contacts that see our presence: those with a subscription `from` or `both`, as bare JIDs. */
export interface Contacts {
  has(bareJid: string): boolean;
  values(): Iterable<string>;
}

/** The roster is longer than what is read of one. Who is in a part of it is no answer to who may. */
export class TooManyContacts extends Error {
  override readonly name = 'TooManyContacts';
  constructor() {
    super(`there are more than ${MAX_ITEMS}`);
  }
}

/** Reads the roster as it comes, and follows its changes. Rejects as `request` does, or with `TooManyContacts`. */
export async function followContacts(session: Session): Promise<Contacts> {
  const contacts = new ContactSet();
  /** Pushes may overtake the reply, which is then older. */
  const pushed = new Set<string>();
  let isRead = false;
  const unfollow = session.handle('set', NS_ROSTER, 'query', (query, { from }) => {
    // §2.1.6: a push from anyone else would let strangers in.
    if (from !== bareJid(session.jid)) throw new StanzaError('cancel', 'service-unavailable');
    for (const item of query.getChildren('item').flatMap(readItem)) {
      if (!isRead) pushed.add(item.jid);
      if (!contacts.take(item)) throw new StanzaError('wait', 'resource-constraint');
    }
    return undefined;
  });
  try {
    await readRoster(session, (item) => pushed.has(item.jid) || contacts.take(item));
    isRead = true;
    return contacts;
  } catch (error) {
    unfollow();
    throw error;
  }
}

/** The first items of the roster, whatever their subscription, as bare JIDs. Rejects as `request` does. */
export async function rosterJids(session: Session, most: number): Promise<string[]> {
  const jids = new Set<string>();
  await readRoster(session, ({ jid }) => {
    if (jids.size < most) jids.add(jid);
    return true;
  });
  return [...jids];
}

/** Calls `take` for each item until it returns false. */
async function readRoster(session: Session, take: (item: Item) => boolean): Promise<void> {
  let count = 0;
  let isTooLong = false;
  const onItem = (element: Element) => {
    count += 1;
    isTooLong ||= count > MAX_ITEMS || !readItem(element).every(take);
  };
  // After a cut the server sends the roster again from its beginning.
  const unlisten = session.onState(() => {
    count = 0;
  });
  const query = xml('query', { xmlns: NS_ROSTER });
  await session.request('get', undefined, query, { timeout: TIMEOUT_MS, onItem }).finally(unlisten);
  if (isTooLong) throw new TooManyContacts();
}

interface Item {
  jid: string;
  subscription: string | undefined;
}

/** Reads an item; nothing where its JID is no address. */
function readItem(element: Element): Item[] {
  const { jid = '', subscription } = element.attrs;
  if (!element.is('item', NS_ROSTER) || !isJid(jid)) return [];
  return [{ jid: bareJid(jid), subscription }];
}

class ContactSet implements Contacts {
  readonly #jids = new Set<string>();
  #characters = 0;

  has(jid: string): boolean {
    return this.#jids.has(jid);
  }

  values(): Iterable<string> {
    return this.#jids.values();
  }

  /** Returns whether there was room for it. */
  take({ jid, subscription }: Item): boolean {
    const isIn = subscription === 'from' || subscription === 'both';
    if (this.#jids.has(jid) === isIn) return true;
    if (isIn) return this.#add(jid);
    this.#jids.delete(jid);
    this.#characters -= jid.length;
    return true;
  }

  #add(jid: string): boolean {
    if (this.#jids.size >= MAX_ITEMS || this.#characters + jid.length > MAX_CHARACTERS)
      return false;
    this.#jids.add(jid);
    this.#characters += jid.length;
    return true;
  }
}
