import { describe, expect, test } from '@jest/globals';
import { followContacts, TooManyContacts } from '../../../src/protocol/presence/roster.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { StanzaSession } from '../../../src/session/stanza-session.js';
import type { Element } from '../../../src/session/xml.js';
import { xml } from '../../../src/session/xml.js';
import { parse } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';

const JULIET = 'juliet@example.com';
const BALCONY = `${JULIET}/balcony`;

// RFC 6121 §2.1.4
const ITEMS = `
  <item jid='romeo@example.net' name='Romeo' subscription='both'><group>Friends</group></item>
  <item jid='mercutio@example.com' name='Mercutio' subscription='from'/>
  <item jid='benvolio@example.net' name='Benvolio' subscription='to'/>`;

const query = (items: string) => parse(`<query xmlns='jabber:iq:roster'>${items}</query>`);

/**
 * Juliet's session with a server that answers requests for the roster and pushes changes. `then` is
 * called in the same turn as the answer is received.
 */
function withServer(answer: () => Element | undefined | StanzaError, then = () => {}) {
  const asked: Element[] = [];
  const replies: Element[] = [];
  const session: StanzaSession = new StanzaSession(BALCONY, {
    write: async (stanza) => {
      if (stanza.attrs.type !== 'get') return void replies.push(stanza);
      asked.push(stanza);
      const outcome = answer();
      const refused = outcome instanceof StanzaError;
      const payload = refused ? outcome.toElement() : outcome;
      const { id } = stanza.attrs;
      setImmediate(() => {
        session.receive(xml('iq', { type: refused ? 'error' : 'result', id }, payload));
        then();
      });
    },
    close: async () => undefined,
  });
  const push = async (from: string | undefined, items: string) => {
    const count = replies.length;
    session.receive(xml('iq', { type: 'set', id: `push${count}`, from }, query(items)));
    await settled();
    const [reply] = replies.slice(count);
    return reply?.attrs.type === 'error' ? StanzaError.fromStanza(reply) : reply?.attrs.type;
  };
  return { session, asked, push };
}

async function following(items = ITEMS) {
  const server = withServer(() => query(items));
  return { ...server, contacts: await followContacts(server.session) };
}

describe('the contacts', () => {
  test('are those with a subscription from or both', async () => {
    const { contacts, asked } = await following();
    expect(contacts.has('romeo@example.net')).toBe(true);
    expect(contacts.has('mercutio@example.com')).toBe(true);
    expect(contacts.has('benvolio@example.net')).toBe(false);
    expect(contacts.has('tybalt@example.org')).toBe(false);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.attrs.to).toBeUndefined();
  });

  test.each(['none', 'remove', 'Both', 'both ', ''])(
    'are not those with the subscription %j',
    async (subscription) => {
      const { contacts } = await following(
        `<item jid='tybalt@example.org' subscription='${subscription}'/>`,
      );
      expect(contacts.has('tybalt@example.org')).toBe(false);
    },
  );

  test('are not those whose subscription is only asked for', async () => {
    const { contacts } = await following(
      `<item jid='tybalt@example.org' subscription='none' ask='subscribe'/>
       <item jid='paris@example.org'/>
       <item subscription='both'/>`,
    );
    expect(contacts.has('tybalt@example.org')).toBe(false);
    expect(contacts.has('paris@example.org')).toBe(false);
  });

  test('are known by their bare JID, as the server has it (R82)', async () => {
    const { contacts } = await following(`<item jid='Romeo@example.net/x' subscription='both'/>`);
    expect(contacts.has('Romeo@example.net')).toBe(true);
    expect(contacts.has('romeo@example.net')).toBe(false);
  });

  test('are not taken from elsewhere in the stanza', async () => {
    const { contacts } = await following(
      `<x><item jid='tybalt@example.org' subscription='both'/></x>`,
    );
    expect(contacts.has('tybalt@example.org')).toBe(false);
  });

  test('are none where the roster is empty or did not change', async () => {
    const server = withServer(() => undefined);
    const contacts = await followContacts(server.session);
    expect(contacts.has('romeo@example.net')).toBe(false);
  });

  test('are unknown where the server refuses to tell', async () => {
    const { session } = withServer(() => new StanzaError('auth', 'not-authorized'));
    await expect(followContacts(session)).rejects.toMatchObject({ condition: 'not-authorized' });
  });

  test('are known in spite of an entry that is no address', async () => {
    const { contacts } = await following(`<item jid='@' subscription='both'/>${ITEMS}`);
    expect(contacts.has('romeo@example.net')).toBe(true);
  });
});

describe('a long roster', () => {
  const item = (number: number) => `<item jid='c${number}@example.net' subscription='both'/>`;
  const items = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      xml('item', {
        xmlns: 'jabber:iq:roster',
        jid: `c${i}@example.net`,
        subscription: i % 2 ? 'from' : 'none',
      }),
    );
  const long = (count: number) => {
    const roster = query('');
    for (const one of items(count)) roster.append(one);
    return roster;
  };

  test('is read up to 200,000 contacts (R64)', async () => {
    const { session } = withServer(() => long(200_000));
    const contacts = await followContacts(session);
    expect([199_998, 199_999].map((i) => contacts.has(`c${i}@example.net`))).toEqual([false, true]);
  });

  test('of more is none (R64)', async () => {
    const { session } = withServer(() => long(200_001));
    await expect(followContacts(session)).rejects.toThrow(TooManyContacts);
  });

  test('of few addresses that are very long is none (R64)', async () => {
    const name = 'x'.repeat(1023);
    const query = long(40_000);
    for (const child of query.getChildElements()) {
      child.attrs.jid = `${name}@${'y'.repeat(1000)}${child.attrs.jid?.replace('@', '.')}`;
    }
    const { session } = withServer(() => query);
    await expect(followContacts(session)).rejects.toThrow(TooManyContacts);
  });

  test('does not grow beyond that by pushes, which are refused then (R64)', async () => {
    const server = withServer(() => long(200_000));
    const contacts = await followContacts(server.session);
    const all = Array.from({ length: 100_000 }, (_, i) => item(300_000 + i));
    for (let first = 0; first < all.length; first += 5_000) {
      expect(await server.push(undefined, all.slice(first, first + 5_000).join(''))).toBe('result');
    }
    expect(await server.push(undefined, item(1_000_000))).toMatchObject({
      condition: 'resource-constraint',
    });
    expect(contacts.has('c1000000@example.net')).toBe(false);
    await server.push(undefined, item(300_000).replace('both', 'remove'));
    expect(await server.push(undefined, item(1_000_000))).toBe('result');
  });

  test('that comes twice, because of a cut, counts once (R64)', async () => {
    const server = withServer(() => long(150_000));
    const contacts = followContacts(server.session);
    const [request] = server.asked;
    const read = server.session.itemReader(
      xml('iq', { type: 'result', id: request?.attrs.id, from: JULIET }),
    );
    for (const element of items(100_000)) read?.(element);
    server.session.suspend();
    server.session.resume();
    expect((await contacts).has('c1@example.net')).toBe(true);
  });
});

describe('a push', () => {
  const TYBALT = `<item jid='tybalt@example.org' subscription='both'/>`;
  const NO_MORE_ROMEO = `<item jid='romeo@example.net' subscription='remove'/>`;

  test.each([
    ['with no sender', undefined],
    ['from the own account', JULIET],
  ])('%s adds, changes and removes contacts', async (_title, from) => {
    const { contacts, push } = await following();
    expect(await push(from, TYBALT)).toBe('result');
    expect(contacts.has('tybalt@example.org')).toBe(true);
    await push(from, `<item jid='tybalt@example.org' subscription='to'/>`);
    expect(contacts.has('tybalt@example.org')).toBe(false);
    await push(from, NO_MORE_ROMEO);
    expect(contacts.has('romeo@example.net')).toBe(false);
    expect(contacts.has('mercutio@example.com')).toBe(true);
  });

  test.each([
    'tybalt@example.org/street',
    'tybalt@example.org',
    'romeo@example.net',
    'example.com',
    'juliet@example.net',
    'juliet@example.com.evil.example',
    `${JULIET}/chamber`,
  ])('from %s is refused and changes nothing', async (from) => {
    const { contacts, push } = await following();
    expect(await push(from, TYBALT + NO_MORE_ROMEO)).toMatchObject({
      type: 'cancel',
      condition: 'service-unavailable',
    });
    expect(contacts.has('tybalt@example.org')).toBe(false);
    expect(contacts.has('romeo@example.net')).toBe(true);
  });

  test('is listened to before the roster is asked for', async () => {
    const server = withServer(() => undefined);
    const contacts = followContacts(server.session);
    expect(await server.push(undefined, TYBALT)).toBe('result');
    expect((await contacts).has('tybalt@example.org')).toBe(true);
  });

  test('right behind the roster holds, though both are read in one go', async () => {
    const server = withServer(
      () => query(ITEMS),
      () => void server.push(undefined, NO_MORE_ROMEO),
    );
    const contacts = await followContacts(server.session);
    await settled();
    expect(contacts.has('romeo@example.net')).toBe(false);
    expect(contacts.has('mercutio@example.com')).toBe(true);
  });
});
