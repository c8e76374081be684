import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { discoverFeatures } from '../../../src/protocol/disco.js';
import { HASH_FEATURES } from '../../../src/protocol/hashes/hash-elements.js';
import { SI_FEATURES } from '../../../src/protocol/si/stanzas.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { jingle } from '../../../src/transfer/ways/jingle.js';
import { outcomeOf, prepareStage, resultsOf } from '../stage.js';

const ALICE = 'alice@localhost';
const SERVER = `${ALICE}/inband`;
const stage = prepareStage();

const sessions: Session[] = [];
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});

/** A person's client; what it hears is kept. */
async function client(name: string, resource: string) {
  const { jid, password } = stage.server.account(name);
  const { service, ca } = stage.server;
  const session = await connect({ account: `${jid}/${resource}`, password, service, ca });
  sessions.push(session);
  const messages: Element[] = [];
  const presences: Element[] = [];
  session.onMessage((message) => messages.push(message));
  session.onPresence((presence) => presences.push(presence));
  return { session, messages, presences };
}

/** The server has dealt with all that this session sent before. */
const allHandled = (session: Session) => discoverFeatures(session, 'localhost');

async function comes(session: Session, from: string): Promise<Element> {
  return new Promise((resolve) => {
    const forget = session.onPresence((presence) => {
      if (presence.attrs.from !== from || presence.attrs.type) return;
      forget();
      resolve(presence);
    });
  });
}

async function blobFile(text: string): Promise<string> {
  const path = join(stage.folder(), 'note.txt');
  await writeFile(path, text);
  return path;
}

describe('receive', () => {
  test('is seen by contacts, with a negative priority and what it can do', async () => {
    const bob = await client('bob', 'phone');
    await bob.session.send(xml('presence'));
    await allHandled(bob.session);
    const seen = comes(bob.session, SERVER);
    await stage.receive('alice');
    const presence = await seen;
    expect(Number(presence.getChild('priority')?.getText())).toBeLessThan(0);

    const { node, ver } = presence.getChild('c', 'http://jabber.org/protocol/caps')?.attrs ?? {};
    const query = xml('query', {
      xmlns: 'http://jabber.org/protocol/disco#info',
      node: `${node}#${ver}`,
    });
    const info = await bob.session.request('get', SERVER, query);
    expect(info.getChild('query')?.getChild('identity')?.attrs.name).toBe('inband');
    const features = await discoverFeatures(bob.session, SERVER);
    const expected = [
      'http://jabber.org/protocol/caps',
      'http://jabber.org/protocol/disco#info',
      'http://jabber.org/protocol/ibb',
      'urn:xmpp:bob',
      'urn:xmpp:jingle-message:0',
      'urn:xmpp:ping',
      'urn:x-inband:already-there:0',
      'urn:x-inband:keeps-files:0',
      'urn:x-inband:path:0',
      'urn:x-inband:seal:0',
      'urn:x-inband:sealed-s5b:0',
      ...jingle.features,
      ...SI_FEATURES,
      ...HASH_FEATURES,
    ];
    expect([...features].sort()).toEqual(expected.sort());
  });

  test('tells a stranger nothing', async () => {
    await stage.receive('alice');
    const mallory = await client('mallory', 'phone');
    const asked = discoverFeatures(mallory.session, SERVER);
    await expect(asked).rejects.toMatchObject({ condition: 'service-unavailable' });
  });

  test('takes no message that is for the person, neither stored nor new', async () => {
    const bob = await client('bob', 'phone');
    await bob.session.send(xml('presence'));
    const write = async (text: string, to = ALICE) => {
      await bob.session.send(xml('message', { to, type: 'chat', id: text }, xml('body', {}, text)));
      await allHandled(bob.session);
    };
    await write('stored');
    const seen = comes(bob.session, SERVER);
    await stage.receive('alice');
    await seen;
    await write('new');
    await write('misdirected', SERVER);

    const alice = await client('alice', 'desk');
    await alice.session.send(xml('presence'));
    await allHandled(alice.session);
    const texts = alice.messages.map((message) => message.getChild('body')?.getText());
    expect(texts).toEqual(['stored', 'new']);
    // What went to its full JID comes back, so that the writer knows.
    await discoverFeatures(bob.session, SERVER);
    const errors = bob.messages.filter(({ attrs }) => attrs.type === 'error');
    expect(errors.map(({ attrs }) => attrs.id)).toEqual(['misdirected']);
  });
});

test('fetch is seen by nobody, though it sees who is there', async () => {
  const alice = await client('alice', 'phone');
  await alice.session.send(xml('presence'));
  await allHandled(alice.session);
  const cid = `sha1+${'0'.repeat(40)}@bob.xmpp.org`;
  const bob = stage.inband('bob', ['fetch', cid, '--from', ALICE]);
  expect(await outcomeOf(bob)).toMatchObject({ code: 9 });
  await allHandled(alice.session);
  // Without a resource it is the server that speaks.
  const others = alice.presences.filter(({ attrs }) => attrs.from?.startsWith('bob@localhost/'));
  expect(others).toEqual([]);
});

describe('publish --serve', () => {
  /** With blobs of its own. */
  async function daemon(...args: string[]) {
    const running = await stage.receive('alice', args, { home: stage.folder() });
    return async () => running.child.exitCode === null;
  }

  test('beside a receive of this machine says that it serves already, and ends', async () => {
    const daemon = await stage.receive('alice');
    const path = await blobFile('beside');
    const alice = stage.inband('alice', ['publish', '--serve', path]);
    const [cid = ''] = await resultsOf(alice);
    expect(alice.stderr()).toContain(
      `${SERVER} is online and gives out the same blobs, to those whom its own --allow lets in; so this ends`,
    );
    expect(alice.stderr()).not.toContain('online as');
    expect(await resultsOf(stage.inband('bob', ['fetch', cid, '--from', ALICE]))).toHaveLength(1);
    expect(daemon.child.exitCode).toBeNull();
  });

  test.each([
    [
      'something else',
      async () => {
        const { session } = await client('alice', 'inband');
        return async () => !session.ended.aborted;
      },
    ],
    ['a receive that does not let the own account in', () => daemon('--allow', 'bob@localhost')],
    ['a receive of another machine', () => daemon('--allow', 'own', '--allow', 'contacts')],
  ])('beside %s takes another resource, and pushes nobody out', async (_, start) => {
    const isThere = await start();
    const path = await blobFile('apart');
    const alice = stage.inband('alice', ['publish', '--serve', path]);
    await alice.line(
      new RegExp(
        `${SERVER} is taken by something that does not give this out; using inband-\\S+ until it is free$`,
      ),
      'stderr',
    );
    await alice.line(new RegExp(`^online as ${SERVER}-[0-9a-f-]+$`), 'stderr');
    const [cid] = await alice.line(/^sha-256.*/);
    // Found by its presence.
    expect(await resultsOf(stage.inband('bob', ['fetch', cid, '--from', ALICE]))).toHaveLength(1);
    expect(await isThere()).toBe(true);
  });

  test('takes the resource that was taken as soon as it is free (R87)', async () => {
    const { session } = await client('alice', 'inband');
    await session.send(xml('presence'));
    const path = await blobFile('late');
    const alice = stage.inband('alice', ['publish', '--serve', path]);
    await alice.line(new RegExp(`^online as ${SERVER}-[0-9a-f-]+$`), 'stderr');
    await session.close();
    await alice.line(new RegExp(`^online as ${SERVER}$`), 'stderr');
    const [cid] = await alice.line(/^sha-256.*/);
    expect(await resultsOf(stage.inband('bob', ['fetch', cid, '--from', SERVER]))).toHaveLength(1);
  });

  test('takes the resource that the account names', async () => {
    const path = await blobFile('named');
    const env = { INBAND_ACCOUNT: `${ALICE}/shelf` };
    const alice = stage.inband('alice', ['publish', '--serve', path], { env });
    await alice.line(new RegExp(`^online as ${ALICE}/shelf$`), 'stderr');
    const [cid] = await alice.line(/^sha-256.*/);
    const bob = stage.inband('bob', ['fetch', cid, '--from', `${ALICE}/shelf`]);
    expect(await resultsOf(bob)).toHaveLength(1);
  });
});
