import { describe, expect, test } from '@jest/globals';
import { returnChat } from '../../../src/protocol/messages/chat.js';
import {
  available,
  isConnected,
  seenResources,
  watchContact,
} from '../../../src/protocol/presence/presence.js';
import { bareJid } from '../../../src/session/jid.js';
import { ConnectionLost, StanzaSession } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { JULIET, linkedSessions, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

/** Romeo's session at a server that answers each stanza with these, and each request with an error after them. */
function at(server: (stanza: Element) => Element[]) {
  const sent: Element[] = [];
  const session: StanzaSession = new StanzaSession(ROMEO, {
    write: async (stanza) => {
      sent.push(stanza);
      for (const answer of server(stanza)) session.receive(answer);
      if (stanza.name !== 'iq') return;
      const { to: from, id } = stanza.attrs;
      session.receive(xml('iq', { type: 'error', from, id }));
    },
    close: async () => undefined,
  });
  return { session, sent };
}

const presence = (from: string, type?: string) => xml('presence', { from, type });
const onProbe = (answers: Element[]) => (stanza: Element) =>
  stanza.attrs.type === 'probe' ? answers : [];

test('being available never brings messages for a person', () => {
  const priority = available().getChild('priority')?.getText();
  expect(Number(priority)).toBeLessThan(0);
});

describe('the resources of a contact', () => {
  test('are those that its server tells of, without any presence of ours', async () => {
    const { session, sent } = at(
      onProbe([
        presence('juliet@capulet.example/balcony'),
        presence('juliet@capulet.example/phone'),
        presence('nurse@capulet.example/kitchen'),
        presence('juliet@capulet.example'),
        presence('juliet@capulet.example/phone', 'unavailable'),
        presence('juliet@capulet.example/error', 'error'),
      ]),
    );
    expect(await seenResources(session, JULIET, {})).toEqual([
      { jid: 'juliet@capulet.example/balcony' },
    ]);
    expect(sent.map(({ name, attrs }) => [name, attrs.type, attrs.to])).toEqual([
      ['presence', 'probe', 'juliet@capulet.example'],
      ['iq', 'get', 'juliet@capulet.example'],
    ]);
  });

  test('are not more than a thousand, of however many its server tells (R63)', async () => {
    const resource = (number: number) => presence(`juliet@capulet.example/${number}`);
    const all = Array.from({ length: 5_000 }, (_, number) => resource(number));
    const gone = presence('juliet@capulet.example/7', 'unavailable');
    const { session } = at(onProbe([...all, gone, resource(6_000), resource(6_001)]));
    const seen = (await seenResources(session, JULIET, {})).map(({ jid }) => jid);
    expect(seen).toHaveLength(1_000);
    expect(seen).toContain('juliet@capulet.example/6000');
    expect(seen).not.toContain('juliet@capulet.example/6001');
  });

  /** Unasked, two accounts whose names are forms of the name that was typed are heard of, and one that answers. */
  test.each([
    ['strasse', ['straße@capulet.example/hers']],
    ['straße', ['straße@capulet.example/his']],
  ])('are those of the account %s that was asked, by no other form (R115)', async (local, seen) => {
    const session: StanzaSession = new StanzaSession(ROMEO, {
      write: async ({ name, attrs: { id } }) => {
        session.receive(presence('strasse@capulet.example/hers'));
        session.receive(presence('straße@capulet.example/his'));
        const from = `${local}@capulet.example`;
        if (name === 'iq') session.receive(xml('iq', { type: 'error', from, id }));
      },
      close: async () => undefined,
    });
    const found = await seenResources(session, 'straße@capulet.example', {});
    expect(found.map(({ jid }) => jid)).toEqual(seen);
  });

  test('are none where its server tells of none in time', async () => {
    const { session } = at(() => []);
    const clock = new ManualClock();
    const seen = seenResources(session, JULIET, {}, clock);
    await clock.advance(1_000);
    expect(await seen).toEqual([]);
  });

  test('may be told of a little later', async () => {
    const { session } = at(() => []);
    const clock = new ManualClock();
    const seen = seenResources(session, JULIET, {}, clock);
    await clock.advance(900);
    session.receive(presence('juliet@capulet.example/balcony'));
    await clock.advance(100);
    expect(await seen).toEqual([{ jid: 'juliet@capulet.example/balcony' }]);
  });

  test('are waited for no longer than the user wants', async () => {
    const { session } = at(() => []);
    const enough = new AbortController();
    const seen = seenResources(session, JULIET, { signal: enough.signal });
    await settled();
    enough.abort(new Error('enough'));
    await expect(seen).rejects.toThrow('enough');
  });

  test('are not known when the session ends', async () => {
    const { session } = at(() => []);
    session.end(new ConnectionLost('cut'));
    await expect(seenResources(session, JULIET, {})).rejects.toThrow('cut');
  });
});

describe('a resource of the own account', () => {
  const MINE = 'romeo@montague.example/inband';
  const bounced = (id?: string) => xml('message', { type: 'error', from: MINE, id });

  test('is not connected when the message comes back', async () => {
    const { session, sent } = at((stanza) =>
      stanza.name === 'message' ? [bounced(stanza.attrs.id)] : [],
    );
    expect(await isConnected(session, MINE, {})).toBe(false);
    // Such a message goes to no other resource, and to no storage (RFC 6121 §8.5.3.2.1).
    expect(sent[0]?.attrs).toMatchObject({ type: 'groupchat', to: MINE });
    expect(sent[0]?.getChildElements()).toEqual([]);
  });

  test('is connected when it does not', async () => {
    const { session } = at(() => [bounced('another')]);
    expect(await isConnected(session, MINE, {})).toBe(true);
  });
});

describe('a message that a person wrote', () => {
  const body = xml('body', {}, 'hello');
  async function returned(
    attrs: Record<string, string | undefined>,
    children: Element[],
    admits = true,
  ) {
    const [romeo, juliet] = linkedSessions();
    returnChat(juliet, { admits: () => admits });
    const errors: Element[] = [];
    romeo.onMessage((message) => errors.push(message));
    await romeo.send(xml('message', { to: JULIET, ...attrs }, ...children));
    await romeo.request('get', JULIET, xml('anything')).catch(() => undefined);
    return errors;
  }

  test.each([{ type: 'chat' }, { type: 'normal' }, {}])('goes back with %j', async (attrs) => {
    const [error, ...others] = await returned({ ...attrs, id: 'm1' }, [body]);
    expect(others).toEqual([]);
    expect(error?.attrs).toMatchObject({ type: 'error', id: 'm1', to: ROMEO });
    expect(error?.getChild('error')?.getChild('service-unavailable')).toBeDefined();
    expect(error?.getChild('body')).toBeUndefined();
  });

  test.each([
    ['an error', { type: 'error' }, [body]],
    ['said in a room', { type: 'groupchat' }, [body]],
    ['a headline', { type: 'headline' }, [body]],
    ['without a text', {}, []],
  ])('does not when it is %s', async (_, attrs, children) => {
    expect(await returned(attrs, children)).toEqual([]);
  });

  test('goes back with its id, and not at all if that is longer than 1 KiB (R61)', async () => {
    const sent: Element[] = [];
    const [, juliet] = linkedSessions((stanza) => void sent.push(stanza));
    returnChat(juliet, { admits: () => true });
    for (const length of [1_024, 1_025, 300_000]) {
      const id = "'".repeat(length);
      juliet.receive(xml('message', { from: ROMEO, to: JULIET, id }, body));
    }
    await settled();
    expect(sent.map(({ attrs }) => attrs.id?.length)).toEqual([1_024]);
    expect(juliet.state).toBe('online');
  });

  test('tells a stranger nothing of us', async () => {
    expect(await returned({}, [body], false)).toEqual([]);
  });

  test('comes back to a stranger from where nobody is when it is for a room, and so from us', async () => {
    const [error, ...others] = await returned({ type: 'groupchat', id: 'm1' }, [], false);
    expect(others).toEqual([]);
    expect(error?.attrs).toMatchObject({ type: 'error', id: 'm1', to: ROMEO });
    expect(error?.getChild('error')?.getChild('text')).toBeUndefined();
  });

  test('does not come back to the own account, which may know that we are there', async () => {
    const [, juliet] = linkedSessions();
    const sent: Element[] = [];
    juliet.send = async (stanza) => void sent.push(stanza);
    returnChat(juliet, { admits: () => false });
    const from = `${bareJid(JULIET)}/phone`;
    juliet.receive(xml('message', { from, to: JULIET, type: 'groupchat', id: 'm1' }));
    expect(sent).toEqual([]);
  });
});

test('a contact is seen to come, each time that it does (R341)', async () => {
  const { session } = at(onProbe([]));
  const clock = new ManualClock();
  const came: string[] = [];
  const comes = (jid: string) => came.push(jid);
  const watched = watchContact(session, JULIET, comes, {}, clock);
  session.receive(presence('juliet@capulet.example/balcony'));
  await watched;
  for (const [from, type] of [
    ['juliet@capulet.example/balcony', undefined],
    ['juliet@capulet.example/phone', undefined],
    ['juliet@capulet.example/phone', undefined],
    ['juliet@capulet.example/phone', 'unavailable'],
    ['juliet@capulet.example/phone', undefined],
    ['juliet@capulet.example/desk', 'error'],
    ['nurse@capulet.example/kitchen', undefined],
    [ROMEO, undefined],
  ] as const) {
    session.receive(presence(from, type));
  }
  expect(came.map((jid) => jid.split('/')[1])).toEqual(['balcony', 'phone', 'phone']);
});

test('a contact is watched until that is undone, and no longer if it cannot be (R431)', async () => {
  const { session } = at(onProbe([]));
  const clock = new ManualClock();
  const came: string[] = [];
  const comes = (jid: string) => came.push(jid);
  const watched = watchContact(session, JULIET, comes, {}, clock);
  await settled();
  await clock.advance(1000);
  const forget = await watched;
  session.receive(presence('juliet@capulet.example/balcony'));
  forget();
  session.receive(presence('juliet@capulet.example/phone'));
  const enough = new AbortController();
  const given = watchContact(session, JULIET, comes, { signal: enough.signal }, clock);
  enough.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  session.receive(presence('juliet@capulet.example/desk'));
  expect(came).toEqual(['juliet@capulet.example/balcony']);
});

test('who watches a contact hears of the end of the session', async () => {
  const { session } = at(onProbe([]));
  const watched = watchContact(session, JULIET, () => undefined, {}, new ManualClock());
  await settled();
  session.end(new ConnectionLost('it was cut'));
  await expect(watched).rejects.toThrow('it was cut');
});
