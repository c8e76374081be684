import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { logInRaw } from '../../support/servers/raw-client.js';
import {
  filesIn,
  firstResults,
  outcomeOf,
  prepareStage,
  resultsOf,
  withoutWaits,
  writeRandom,
} from '../stage.js';

const BOB = 'bob@localhost';
const NS_IBB = 'http://jabber.org/protocol/ibb';

const stage = prepareStage();

/** The exit code of `send`, from an account to bob's `receive`. */
async function sendFrom(name: string, to = BOB) {
  const source = join(stage.folder(), 'source');
  await writeRandom(source, 5000);
  return outcomeOf(stage.inband(name, ['send', source, to]));
}

async function logIn(name: string): Promise<Session> {
  const { jid, password } = stage.server.account(name);
  const { service, ca } = stage.server;
  return connect({ account: jid, password, service, ca });
}

describe('by default', () => {
  test('a contact may send, and the own account', async () => {
    const bob = await stage.receive('bob');
    expect(await sendFrom('alice')).toMatchObject({ code: 0 });
    expect(await sendFrom('bob')).toMatchObject({ code: 0 });
    expect(filesIn(bob.folder)).toHaveLength(2);
  });

  test('a stranger is told what one is told who asks for nobody (R4)', async () => {
    const bob = await stage.receive('bob');
    const refused = await sendFrom('mallory');
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toContain('service-unavailable');
    expect(filesIn(bob.folder)).toEqual([]);
    expect(bob.stdout()).toBe('');
    expect(withoutWaits(bob.stderr())).toMatch(
      /^online as bob@localhost\/inband\ninband did not let mallory@localhost\/\S+ in; .*\n$/,
    );
    await bob.stop();
    const absent = await sendFrom('mallory');
    expect(absent.code).toBe(5);
    expect(withoutOwnJid(absent.stderr)).toBe(withoutOwnJid(refused.stderr));
  });

  const withoutOwnJid = (text: string) => text.replaceAll(/mallory@localhost\/\S+/g, 'mallory');

  test.each<[string, 'get' | 'set', Element]>([
    ['open', 'set', xml('open', { xmlns: NS_IBB, sid: 's1', 'block-size': 4096 })],
    ['open that is wrong', 'set', xml('open', { xmlns: NS_IBB })],
    ['block', 'set', xml('data', { xmlns: NS_IBB, sid: 's1', seq: 0 }, 'AAAA')],
    ['close', 'set', xml('close', { xmlns: NS_IBB, sid: 's1' })],
    ['request for a blob', 'get', xml('data', { xmlns: 'urn:xmpp:bob', cid: 'x' })],
    ['look', 'get', xml('query', { xmlns: 'http://jabber.org/protocol/disco#info' })],
    ['ping', 'get', xml('ping', { xmlns: 'urn:xmpp:ping' })],
    ['request of a new kind', 'get', xml('query', { xmlns: 'urn:example:new' })],
  ])("a stranger's %s has the answer of a resource that is not there", async (_, type, payload) => {
    await stage.receive('bob');
    const mallory = await logIn('mallory');
    const errorOf = (to: string) => mallory.request(type, to, payload).catch((error) => error);
    const fromInband = await errorOf(`${BOB}/inband`);
    const fromServer = await errorOf(`${BOB}/absent`);
    await mallory.close();
    expect(fromInband).toMatchObject({ type: 'cancel', condition: 'service-unavailable' });
    expect(fromInband).toEqual(fromServer);
  });
});

test("the very bytes of a stranger's refusal differ in what Prosody writes into them alone (R4)", async () => {
  await stage.receive('bob');
  const mallory = await logInRaw(stage.server, 'mallory', 'street');
  const refusalFrom = async (to: string, [open, rest]: [string, string]) => {
    mallory.write(`<${open} id='m' to='${to}'>${rest}`);
    return attributesOf((await mallory.until(/<\/(iq|message)>/)).replaceAll(to, 'TO'));
  };
  const requests: [string, string][] = [
    ["iq type='get'", "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"],
    ["iq type='set'", `<close xmlns='${NS_IBB}' sid='s'/></iq>`],
    ["iq type='set' xml:lang='it'", "<x xmlns='urn:example:new'/></iq>"],
    ["message type='groupchat'", '<body>x</body></message>'],
  ];
  for (const request of requests) {
    const { attributes, rest } = await refusalFrom(`${BOB}/inband`, request);
    const fromServer = await refusalFrom(`${BOB}/absent`, request);
    expect(rest).toBe(fromServer.rest);
    expect(attributes).toEqual([...fromServer.attributes, "xml:lang='en'"]);
  }
  mallory.close();
});

/** Those of a stanza, in order, for Prosody has none; and the text without them. */
function attributesOf(stanza: string) {
  const [head = '', name = ''] = /^<(\w+)[^>]*/.exec(stanza) ?? [];
  const attributes = (head.match(/[\w:]+='[^']*'/g) ?? []).sort();
  return { attributes, rest: `${name}${stanza.slice(head.length)}` };
}

describe('--allow', () => {
  test.each([
    ['a JID', ['mallory@localhost']],
    ['one of two', ['alice@localhost', 'mallory@localhost']],
    ['a domain', ['xmpp:localhost']],
    ['anyone', ['anyone']],
  ])('lets a stranger in by %s', async (_, who) => {
    const bob = await stage.receive('bob', ['--once', ...who.flatMap((one) => ['--allow', one])]);
    expect(await sendFrom('mallory')).toMatchObject({ code: 0 });
    expect(await resultsOf(bob)).toHaveLength(1);
  });

  test.each([
    ['another JID', 'malory@localhost'],
    ['another resource', 'mallory@localhost/phone'],
    ['another domain', 'xmpp:host'],
    ['a domain below', 'www.localhost'],
    ['the contacts', 'contacts'],
    ['the own account', 'own'],
  ])('does not let a stranger in by %s', async (_, who) => {
    const bob = await stage.receive('bob', ['--allow', who]);
    expect(await sendFrom('mallory')).toMatchObject({ code: 5 });
    expect(filesIn(bob.folder)).toEqual([]);
  });

  test.each([
    ['alice', 'own'],
    ['bob', 'contacts'],
    ['alice', 'mallory@localhost'],
  ])('keeps %s out when only %s may: it replaces the default', async (sender, who) => {
    const bob = await stage.receive('bob', ['--allow', who]);
    expect(await sendFrom(sender)).toMatchObject({ code: 5 });
    expect(filesIn(bob.folder)).toEqual([]);
  });

  test('with what is no address ends at once', async () => {
    const bob = stage.inband('bob', ['receive', '--allow', 'a@b@c']);
    expect(await outcomeOf(bob)).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('--max-sessions', () => {
  test('lets one transfer more wait for its turn (R18)', async () => {
    const bob = await stage.receive('bob', ['--verbose', '--max-sessions', '1']);
    const first = stage.inband('alice', ['send', '-', BOB], { stdin: undefined });
    // What is encrypted is told of when the first of it has come.
    first.child.stdin?.write('first');
    await bob.line(/^receiving /, 'stderr');
    const second = stage.inband('alice', ['send', '-', BOB], { stdin: 'second' });
    await second.line(/is busy; next try in \d+ s$/, 'stderr');
    first.child.stdin?.end(randomBytes(1000));
    expect(await outcomeOf(first)).toMatchObject({ code: 0 });
    expect(await outcomeOf(second)).toMatchObject({ code: 0 });
    expect(await firstResults(bob, 2)).toHaveLength(2);
    expect(filesIn(bob.folder)).toHaveLength(2);
  });

  test('lets nobody wait for longer than --accept-timeout (R18)', async () => {
    const bob = await stage.receive('bob', ['--verbose', '--max-sessions', '1']);
    const first = stage.inband('alice', ['send', '-', BOB], { stdin: undefined });
    // What is encrypted is told of when the first of it has come.
    first.child.stdin?.write('first');
    await bob.line(/^receiving /, 'stderr');
    const args = ['send', '--accept-timeout', '0.1', '-', BOB];
    const second = stage.inband('alice', args, { stdin: 'second' });
    expect(await outcomeOf(second)).toMatchObject({ code: 6, stdout: '' });
    first.child.stdin?.end();
    expect(await outcomeOf(first)).toMatchObject({ code: 0 });
  });
});
