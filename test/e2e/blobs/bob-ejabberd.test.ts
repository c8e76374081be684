import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { available, isConnected, seenResources } from '../../../src/protocol/presence/presence.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';

(HAS_PEERS ? describe : describe.skip)('on ejabberd, as on Prosody,', () => {
  let server: TestServer;
  const sessions: Session[] = [];
  beforeAll(async () => {
    server = await startEjabberd();
    await server.subscribe('alice', 'bob');
  });
  afterAll(() => server?.stop());
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
  });
  async function online(name: string, resource: string): Promise<Session> {
    const { jid, password } = server.account(name);
    const { service, ca } = server;
    const session = await connect({ account: `${jid}/${resource}`, password, service, ca });
    sessions.push(session);
    return session;
  }

  test('the resources of a contact are seen by one who is not', async () => {
    const alice = await online('alice', 'phone');
    const presences: unknown[] = [];
    alice.onPresence(({ attrs }) => {
      if (attrs.from?.startsWith('bob@')) presences.push(attrs.from);
    });
    await alice.send(available());
    await alice.sync();
    const bob = await online('bob', 'desk');
    expect(await seenResources(bob, 'alice@localhost', {})).toEqual([
      { jid: 'alice@localhost/phone' },
    ]);
    expect(presences).toEqual([]);
  });

  test('a knock tells whether a resource of the own account is connected, seen or not', async () => {
    await online('alice', 'inband');
    const desk = await online('alice', 'desk');
    expect(await isConnected(desk, 'alice@localhost/inband', {})).toBe(true);
    expect(await isConnected(desk, 'alice@localhost/absent', {})).toBe(false);
  });
});
