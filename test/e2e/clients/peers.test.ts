import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type PeerScript, startPeer } from '../../support/programs/peers.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import {
  filesIn,
  firstResults,
  hashOfFile,
  outcomeOf,
  prepareStage,
  resultsOf,
  writeRandom,
} from '../stage.js';

const MB = 1_000_000;
const SLIXMPP = 'slixmpp_peer.py';
const AIOXMPP = 'aioxmpp_peer.py';
const ALICE = 'alice@localhost';
const NS_IBB = 'http://jabber.org/protocol/ibb';

// aioxmpp waits 44 ms for each block with stream management.
const stage = prepareStage({ streamManagement: false });

// test/support/setup.js puts them in place on Debian, and says elsewhere that they are left out.
(HAS_PEERS ? describe : describe.skip)('programs of other libraries', () => {
  const peer = (script: PeerScript, ...args: string[]) =>
    startPeer(script, args, stage.server, 'alice');

  test.each<PeerScript>([SLIXMPP, AIOXMPP])('%s sends to receive', async (script) => {
    const source = join(stage.folder(), 'source');
    const hash = await writeRandom(source, MB);
    const bob = await stage.receive('bob');
    const alice = peer(script, 'send-iq', 'bob@localhost/inband', source);
    expect((await alice.line(/^done (.*)/))[1]).toBe(hash);
    const [path = ''] = await firstResults(bob, 1);
    expect(await hashOfFile(path)).toBe(hash);
    expect(filesIn(bob.folder)).toHaveLength(1);
  });

  test.each<PeerScript>([SLIXMPP, AIOXMPP])('%s receives from send', async (script) => {
    const source = join(stage.folder(), 'source');
    const target = join(stage.folder(), 'target');
    const hash = await writeRandom(source, MB);
    const alice = peer(script, 'receive', 'bob@localhost', target);
    await alice.line(/^ready$/);
    const bob = stage.inband('bob', ['send', source, `${ALICE}/peer`]);
    expect(await outcomeOf(bob)).toMatchObject({ code: 0 });
    expect((await alice.line(/^done (.*)/))[1]).toBe(hash);
    expect(await hashOfFile(target)).toBe(hash);
  });

  test('slixmpp fetches a blob from publish --serve', async () => {
    const source = join(stage.folder(), 'picture.png');
    const target = join(stage.folder(), 'target');
    const hash = await writeRandom(source, 5000);
    const bob = stage.inband('bob', ['publish', '--serve', '--hash', 'sha1', source]);
    await bob.line(/^online as /, 'stderr');
    const [cid = ''] = await firstResults(bob, 1);
    const alice = peer(SLIXMPP, 'bob-fetch', 'bob@localhost/inband', cid, target);
    expect(await alice.exited).toMatchObject({ code: 0 });
    expect(await hashOfFile(target)).toBe(hash);
  });

  test('fetch gets a blob that slixmpp holds', async () => {
    const source = join(stage.folder(), 'picture.png');
    const hash = await writeRandom(source, 5000);
    const alice = peer(SLIXMPP, 'bob-publish', source, 'image/png');
    const [cid] = await alice.line(/^sha1\+.*@bob\.xmpp\.org$/);
    const bob = stage.inband('bob', ['fetch', cid, '--from', `${ALICE}/peer`]);
    expect(await resultsOf(bob)).toEqual([join(bob.folder, `${cid}.png`)]);
    expect(await hashOfFile(join(bob.folder, `${cid}.png`))).toBe(hash);
    alice.child.stdin?.end();
    expect(await alice.exited).toMatchObject({ code: 0 });
  });
});

describe('a peer that asks to wait', () => {
  /** Is `alice@localhost/peer`; its answer to the block `at`, and to all behind it, is `wait` so many times. */
  async function hesitantPeer(at: number, waits: number) {
    const { service, ca, account } = stage.server;
    const { password } = account('alice');
    const session = await connect({ account: `${ALICE}/peer`, password, service, ca });
    const taken: Buffer[] = [];
    let tries = 0;
    session.handle('set', NS_IBB, 'open', () => undefined);
    session.handle('set', NS_IBB, 'close', () => undefined);
    session.handle('set', NS_IBB, 'data', (data) => {
      const seq = Number(data.attrs.seq);
      if (seq === at) tries += 1;
      if (seq >= at && tries <= waits) throw new StanzaError('wait', 'resource-constraint');
      if (seq !== taken.length) throw new StanzaError('cancel', 'unexpected-request');
      taken.push(Buffer.from(data.getText(), 'base64'));
      return undefined;
    });
    return { session, tries: () => tries, received: () => Buffer.concat(taken) };
  }

  test.each(['1', '16', 'auto'])(
    'three times, gets the same block a fourth time, with --window %s',
    async (window) => {
      const { session, tries, received } = await hesitantPeer(20, 3);
      const args = ['send', '--window', window, '--initial-wait', '0.01', '-', session.jid];
      const bytes = randomBytes(200_000);
      const bob = stage.inband('bob', args, { stdin: bytes });
      expect(await outcomeOf(bob)).toMatchObject({ code: 0 });
      expect(tries()).toBe(4);
      expect(received()).toEqual(bytes);
      await session.close();
    },
  );

  test('once more than --max-retries allows, ends the transfer with 7', async () => {
    const { session, tries } = await hesitantPeer(1, 3);
    const retries = ['--max-retries', '2', '--initial-wait', '0.01'];
    const bob = stage.inband('bob', ['send', ...retries, '-', session.jid], {
      stdin: randomBytes(10_000),
    });
    expect(await outcomeOf(bob)).toMatchObject({ code: 7 });
    expect(tries()).toBe(3);
    await session.close();
  });
});

test('a peer that knows the bytestream no more when it is closed has broken it off', async () => {
  const { service, ca, account } = stage.server;
  const { password } = account('alice');
  const session = await connect({ account: `${ALICE}/peer`, password, service, ca });
  for (const name of ['open', 'data']) session.handle('set', NS_IBB, name, () => undefined);
  session.handle('set', NS_IBB, 'close', () => {
    throw new StanzaError('cancel', 'item-not-found');
  });
  const bob = stage.inband('bob', ['send', '-', session.jid], { stdin: randomBytes(10_000) });
  expect(await outcomeOf(bob)).toMatchObject({ code: 7 });
  await session.close();
});
