import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';
import {
  type Actor,
  eventsOf,
  filesIn,
  firstResults,
  outcomeOf,
  prepareStageOn,
  withoutWaits,
  writeRandom,
} from '../stage.js';

const BOB = 'bob@localhost';
const INBAND = `${BOB}/inband`;
const DESK = `${BOB}/desk`;
const NS_IBB = 'http://jabber.org/protocol/ibb';

interface Server {
  start(): Promise<TestServer>;
  /** Whether it copies to the daemon what is said to its bare JID. */
  copies: boolean;
}

const SERVERS: [string, Server][] = [['Prosody', { start: startProsody, copies: true }]];
if (HAS_PEERS) SERVERS.push(['ejabberd', { start: startEjabberd, copies: false }]);

describe.each(SERVERS)('on %s', (_, { start, copies }) => {
  const stage = prepareStageOn(start);
  const sessions: Session[] = [];
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
  });

  async function logIn(name: string): Promise<Session> {
    const { jid, password } = stage.server.account(name);
    const { service, ca } = stage.server;
    const session = await connect({ account: jid, password, service, ca });
    sessions.push(session);
    return session;
  }

  async function sendFrom(name: string, to: string, args: string[] = []) {
    const source = join(stage.folder(), 'source');
    await writeRandom(source, 1024);
    return outcomeOf(stage.inband(name, ['send', source, to, ...args]));
  }

  const receiveAtDesk = (...args: string[]) => stage.receive('bob', ['-a', DESK, ...args]);

  async function expectArrived(sent: Promise<{ code: unknown }>, bob: Actor): Promise<void> {
    expect(await sent).toMatchObject({ code: 0 });
    expect(await firstResults(bob, 1)).toHaveLength(1);
  }

  describe('an address that the server writes in another form', () => {
    beforeAll(async () => {
      await stage.server.addAccount('strasse');
      await stage.server.addAccount('gretel');
      await stage.server.subscribe('gretel', 'strasse');
    });

    test.each([
      ['straße@localhost', []],
      ['STRASSE@LOCALHOST', []],
      ['ｓｔｒａＳＳＥ@localhost', []],
      ['straße@localhost/inband', []],
      ['straße@localhost/ｉnband', []],
      ['straße@localhost', ['--via', 'si', '--encrypt', 'off']],
      ['straße@localhost/inband', ['--via', 'ibb', '--encrypt', 'off']],
    ])('is found as %s %j, and has the file (R83)', async (to, args) => {
      const receiver = await stage.receive('strasse', ['--allow', 'anyone']);
      await expectArrived(sendFrom('mallory', to, args), receiver);
    });

    // Of others' accounts ejabberd says nothing but what it was asked.
    const rules = copies ? ['straße@localhost', 'STRASSE@LOCALHOST', 'straße@localhost/desk'] : [];
    for (const rule of rules) {
      test(`is let in as ${rule} (R83)`, async () => {
        const bob = await stage.receive('bob', ['--allow', rule]);
        const source = join(stage.folder(), 'source');
        await writeRandom(source, 1024);
        const args = ['send', source, BOB, '-a', 'strasse@localhost/desk'];
        await expectArrived(outcomeOf(stage.inband('strasse', args)), bob);
      });
    }

    test('is seen, and has the file (R83)', async () => {
      const receiver = await stage.receive('strasse', ['-a', 'strasse@localhost/desk']);
      await expectArrived(sendFrom('gretel', 'straße@localhost'), receiver);
    });
  });

  describe('a file finds', () => {
    test.each([
      ['a contact', 'alice', BOB, []],
      ['a contact by the full JID', 'alice', `${BOB}/inband`, []],
      ['the own account', 'bob', BOB, []],
      ['one who lets anyone in', 'mallory', BOB, ['--allow', 'anyone']],
      ['one who lets the sender in', 'mallory', BOB, ['--allow', 'mallory@localhost']],
    ])('%s', async (_, sender, to, allow) => {
      const bob = await stage.receive('bob', allow);
      await expectArrived(sendFrom(sender, to), bob);
    });

    test.each([
      ['a contact who is seen', 'alice', BOB, []],
      ['a contact by the full JID', 'alice', DESK, []],
      ['the own account by the full JID', 'bob', DESK, []],
      ['anyone by the full JID', 'mallory', DESK, ['--allow', 'anyone']],
    ])('under a resource of its own name %s', async (_, sender, to, allow) => {
      const bob = await receiveAtDesk(...allow);
      await expectArrived(sendFrom(sender, to), bob);
    });

    test('one of several that are equally able, with all that is sent at a time', async () => {
      const bobs = [await receiveAtDesk(), await stage.receive('bob', ['-a', `${BOB}/sofa`])];
      const sources = ['one', 'two'].map((name) => join(stage.folder(), name));
      for (const source of sources) await writeRandom(source, 1024);
      const sent = await outcomeOf(stage.inband('alice', ['send', ...sources, BOB]));
      expect(sent.code).toBe(0);
      const counts = bobs.map(({ folder }) => filesIn(folder).length);
      expect(counts.sort()).toEqual([0, 2]);
    });

    const unseen: [string, string, string[]][] = [
      ['one who lets anyone in', 'mallory', ['--allow', 'anyone']],
      ['the own account', 'bob', []],
    ];
    const title = 'under a resource of its own name, unseen,';

    if (copies) {
      test.each(unseen)(`${title} %s`, async (_, sender, allow) => {
        const bob = await receiveAtDesk(...allow);
        const sent = await sendFrom(sender, BOB, ['--verbose', '--json']);
        expect(sent.code).toBe(0);
        expect(sent.stderr).toContain(`proposing the file to all resources of ${BOB}`);
        expect(sent.stderr).toContain(`${DESK} was the first to proceed`);
        const kinds = eventsOf(sent.stdout).map(({ event }) => event);
        expect(kinds).toEqual(['state', 'offer', 'start', 'progress', 'done', 'state']);
        expect(await firstResults(bob, 1)).toHaveLength(1);
      });
    } else {
      test.each(unseen)(`${title} not %s, and the sender learns why`, async (_, sender, allow) => {
        await receiveAtDesk(...allow);
        const sent = await sendFrom(sender, BOB);
        expect(sent).toMatchObject({ code: 5, stdout: '' });
        expect(sent.stderr).toContain('nobody answered a proposal');
        expect(sent.stderr).toContain('its full JID may be needed');
      });
    }
  });

  test('who is there and takes no files is told of, and not proposed to', async () => {
    const chat = await logIn('bob');
    const got: Element[] = [];
    chat.onMessage((message) => {
      // Prosody stores proposals, though told not to.
      if (!message.getChild('delay')) got.push(message);
    });
    await chat.send(xml('presence'));
    await chat.sync();
    const sent = await sendFrom('alice', BOB);
    expect(sent.code).toBe(5);
    expect(sent.stderr).toContain(`${chat.jid}: service-unavailable`);
    expect(got).toEqual([]);
  });

  describe('a stranger', () => {
    const file = xml('description', { xmlns: 'urn:xmpp:jingle:apps:file-transfer:5' });
    const proposal = xml('propose', { xmlns: 'urn:xmpp:jingle-message:0', id: 's1' }, file);
    const block = xml('data', { xmlns: NS_IBB, sid: 's1', seq: '0' }, 'AAAA');
    const message = (to: string, type: string, content: Element) =>
      xml('message', { to, type, id: 'm1' }, content);

    const attempts: [string, Element][] = [
      ['a proposal', message(BOB, 'chat', proposal)],
      ['a text', message(INBAND, 'chat', xml('body', {}, 'hello'))],
      ['a text for a room', message(INBAND, 'groupchat', xml('body', {}, 'hello'))],
      ['a knock', xml('message', { to: INBAND, type: 'groupchat', id: 'm1' })],
      ['a headline', message(INBAND, 'headline', block)],
      ['an error', message(INBAND, 'error', block)],
      ['a probe', xml('presence', { to: BOB, type: 'probe', id: 'm1' })],
      ['a probe of the resource', xml('presence', { to: INBAND, type: 'probe', id: 'm1' })],
      ['a presence', xml('presence', { to: INBAND, id: 'm1' })],
    ];
    // Without a body ejabberd sends them back from where nobody is; Prosody keeps them.
    if (copies) {
      attempts.push(['a proposal to the resource', message(INBAND, 'chat', proposal)]);
      attempts.push(['a block', message(INBAND, 'normal', block)]);
    }

    /** What comes back to Mallory of this, until Bob's resource, or its server, has answered what came behind it. */
    async function heardOf(mallory: Session, stanza: Element): Promise<string[]> {
      const heard: string[] = [];
      const hear = (back: Element) => {
        const { from = '', type, id } = back.attrs;
        if (!from.startsWith(BOB)) return;
        const { condition } = StanzaError.fromStanza(back);
        heard.push([back.name, from, type, id, condition].join());
      };
      const undo = [mallory.onMessage(hear), mallory.onPresence(hear)];
      await mallory.send(stanza);
      const query = xml('query', { xmlns: 'http://jabber.org/protocol/disco#info' });
      const error: StanzaError = await mallory.request('get', INBAND, query).catch((one) => one);
      for (const forget of undo) forget();
      return [...heard, `${error.type} ${error.condition}`];
    }

    async function allHeard(): Promise<[string, string[]][]> {
      const mallory = await logIn('mallory');
      await mallory.send(xml('presence'));
      const heard: [string, string[]][] = [];
      for (const [what, stanza] of attempts) heard.push([what, await heardOf(mallory, stanza)]);
      return heard;
    }

    test('learns no more of one who receives than of one who is offline', async () => {
      const offline = await allHeard();
      const bob = await stage.receive('bob');
      expect(await allHeard()).toEqual(offline);
      expect(filesIn(bob.folder)).toEqual([]);
    });

    test('is told of to the one who receives, once (R1286)', async () => {
      const bob = await receiveAtDesk();
      for (const to of [copies ? BOB : DESK, DESK]) {
        const sent = await sendFrom('mallory', to);
        expect(sent.code).toBe(5);
      }
      expect(bob.stderr().match(/^inband did not let .*$/gm)).toEqual([
        expect.stringMatching(
          /^inband did not let mallory@localhost\/\S+ in; to let them in: --allow own --allow contacts --allow mallory@localhost$/,
        ),
      ]);
    });
  });

  describe('a message to a person', () => {
    /** Goes online as a client for people, and resolves when it gets the text. */
    async function gets(client: Session, text: string): Promise<void> {
      const got = new Promise<void>((resolve) => {
        client.onMessage((message) => {
          if (message.getChild('body')?.getText() === text) resolve();
        });
      });
      await client.send(xml('presence', {}, xml('priority', {}, '0')));
      await got;
    }

    async function write(text: string): Promise<void> {
      const alice = await logIn('alice');
      await alice.send(xml('message', { to: BOB, type: 'chat' }, xml('body', {}, text)));
      // Whatever the answer, the message was dealt with before.
      const query = xml('query', { xmlns: 'http://jabber.org/protocol/disco#info' });
      await alice.request('get', BOB, query).catch(() => undefined);
    }

    test('waits for one while the daemon alone is online', async () => {
      const bob = await stage.receive('bob');
      await write('Art thou not Romeo?');
      await gets(await logIn('bob'), 'Art thou not Romeo?');
      expect(withoutWaits(bob.stderr())).toBe(`online as ${INBAND}\n`);
    });

    test('goes to the client beside the daemon', async () => {
      await stage.receive('bob');
      const got = gets(await logIn('bob'), 'And a Montague?');
      await write('And a Montague?');
      await got;
    });

    test('that waits for one is still there after the owner has sent and fetched', async () => {
      await write('By whose direction?');
      await stage.receive('alice');
      expect(await sendFrom('bob', 'alice@localhost')).toMatchObject({ code: 0 });
      const cid = `sha1+${'0'.repeat(40)}@bob.xmpp.org`;
      const fetch = stage.inband('bob', ['fetch', cid, '--from', 'alice@localhost']);
      expect(await outcomeOf(fetch)).toMatchObject({ code: 9 });
      await gets(await logIn('bob'), 'By whose direction?');
    });
  });
});
