import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { returnChat } from '../../../src/protocol/messages/chat.js';
import { followContacts } from '../../../src/protocol/presence/roster.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { UnsendableStanza } from '../../../src/session/stream/serialize.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { type Prosody, startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';

const BOB = 'bob@localhost/inband';
const NS_TEST = 'urn:example:test';
const NS_PING = 'urn:xmpp:ping';

/** Logs in as accounts of a server, until the test is over. */
function logins(server: () => TestServer) {
  const sessions: Session[] = [];
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
  });
  return async (name: string, resource: string): Promise<Session> => {
    const { jid, password } = server().account(name);
    const { service, ca } = server();
    const session = await connect({ account: `${jid}/${resource}`, password, service, ca });
    sessions.push(session);
    return session;
  };
}

const SERVERS: [string, () => Promise<TestServer>][] = [
  ['Prosody', startProsody],
  ...(HAS_PEERS ? ([['ejabberd', startEjabberd]] as [string, () => Promise<TestServer>][]) : []),
];

describe.each(SERVERS)('on %s, as shipped,', (_name, start) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
    await server.addAccount('mallory');
  });
  afterAll(() => server?.stop());
  const logIn = logins(() => server);

  /** Bob's session, which answers all that it can, and a stranger's. */
  async function twoSessions() {
    const bob = await logIn('bob', 'inband');
    bob.handle('get', NS_TEST, 'x', () => undefined);
    returnChat(bob, { admits: () => true });
    const mallory = await logIn('mallory', 'street');
    return { bob, mallory };
  }

  /** Answers show that the session is there, and has read all that came before. */
  async function expectAlive(bob: Session, mallory: Session): Promise<void> {
    const ping = xml('ping', { xmlns: NS_PING });
    await expect(mallory.request('get', BOB, ping)).rejects.toThrow(StanzaError);
    await bob
      .request('get', undefined, ping)
      .catch((error) => expect(error).toBeInstanceOf(StanzaError));
    expect([bob.state, mallory.state]).toEqual(['online', 'online']);
  }

  const x = (...children: (Element | string)[]) => xml('x', { xmlns: NS_TEST }, ...children);
  const ids = ["'", '>', '"', '\n', 'ü', '<', '&'].map((character): [string] => [character]);

  test.each(ids)('no session ends over an id of 40,000 times %j (R61)', async (character) => {
    const { bob, mallory } = await twoSessions();
    const id = character.repeat(40_000);
    const attrs = { to: BOB, id };
    await mallory.send(xml('iq', { type: 'get', ...attrs }, x()));
    await mallory.send(xml('iq', { type: 'set', ...attrs }, x()));
    await mallory.send(xml('message', { type: 'chat', ...attrs }, xml('body', {}, 'wherefore')));
    await mallory.send(xml('message', { type: 'groupchat', ...attrs }));
    await expectAlive(bob, mallory);
  });

  test('no session ends over namespaces that the server repeats (R62)', async () => {
    const { bob, mallory } = await twoSessions();
    const names = Array.from({ length: 1_000 }, () => xml('n:y'));
    const many = xml('x', { xmlns: NS_TEST, 'xmlns:n': 'n'.repeat(5_000) }, ...names);
    const attributes = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`n:a${i}`, '']));
    const wide = xml('x', { xmlns: NS_TEST, 'xmlns:n': 'n'.repeat(5_000), ...attributes });
    for (const payload of [many, wide]) {
      await mallory.send(xml('message', { to: BOB }, payload));
      await mallory.send(xml('iq', { to: BOB, type: 'get', id: 'q' }, payload));
    }
    await expectAlive(bob, mallory);
  });

  test('an answer that is too large fails its request (R62)', async () => {
    const { mallory } = await twoSessions();
    const names = Array.from({ length: 1_000 }, () => xml('n:y'));
    const payload = xml('x', { xmlns: NS_TEST, 'xmlns:n': 'n'.repeat(5_000) }, ...names);
    const alice = await logIn('alice', 'balcony');
    alice.handle('get', NS_TEST, 'x', () => payload);
    const asked = mallory.request('get', alice.jid, x(), { timeout: Number.POSITIVE_INFINITY });
    await expect(asked).rejects.toThrow('the answer is too large to be read');
  });

  test('the largest stanza that is sent does not end the session, and a larger one is not sent (R61)', async () => {
    const { bob, mallory } = await twoSessions();
    const message = (length: number) =>
      xml('message', { to: BOB }, xml('y', {}, 'x'.repeat(length)));
    const most = 256 * 1024 - 1 - String(message(0)).length + '<y/>'.length - '<y></y>'.length;
    await mallory.send(message(most));
    await expect(mallory.send(message(most + 1))).rejects.toThrow(UnsendableStanza);
    await expectAlive(bob, mallory);
  });
});

describe('on Prosody', () => {
  let server: Prosody;
  beforeAll(async () => {
    server = await startProsody();
  });
  afterAll(() => server?.stop());
  const logIn = logins(() => server);

  test.each([
    ['alice', 5_000],
    ['bob', 40_000],
  ])('all contacts of %s are known, who has %i of them (R64)', async (name, count) => {
    await server.addContacts(name, count);
    const session = await logIn(name, 'inband');
    const contacts = await followContacts(session);
    expect(contacts.has('contact1@localhost')).toBe(true);
    expect(contacts.has(`contact${count}@localhost`)).toBe(true);
    expect(contacts.has(`contact${count + 1}@localhost`)).toBe(false);
    expect(session.state).toBe('online');
  });
});
