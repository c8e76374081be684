import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Channel } from '../../../src/protocol/channel.js';
import { answerDiscovery } from '../../../src/protocol/disco.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { JingleFileTransfers } from '../../../src/protocol/jingle/jingle-file-transfers.js';
import { ibbTransport } from '../../../src/protocol/jingle/transports/ibb.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import { SI_FEATURES } from '../../../src/protocol/si/stanzas.js';
import { connect } from '../../../src/session/connect.js';
import { jingle } from '../../../src/transfer/ways/jingle.js';
import { takeAll } from '../../protocol/ibb/bytestreams.js';
import { type PeerScript, startPeer } from '../../support/programs/peers.js';
import type { Running } from '../../support/programs/process.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import {
  type Actor,
  eventsOf,
  filesIn,
  firstResults,
  hashOfFile,
  outcomeOf,
  prepareStage,
  sha256,
  writeRandom,
} from '../stage.js';

const SIZES = [0, 1, 100_000];
const BOB = 'bob@localhost/peer';
const INBAND = 'alice@localhost/inband';

const stage = prepareStage();

/** A file called `a b.bin`. */
async function fileOf(size: number): Promise<{ path: string; hash: string }> {
  const path = join(stage.folder(), 'a b.bin');
  return { path, hash: await writeRandom(path, size) };
}

const sendTo = (jid: string, path: string, ...flags: string[]): Actor =>
  stage.inband('alice', ['send', ...flags, path, jid]);

const peers: Running[] = [];
afterEach(() => Promise.all(peers.splice(0).map((peer) => peer.stop('SIGKILL'))));

/** A program of another library, online as `bob@localhost/peer`. */
async function startedPeer(script: PeerScript, args: string[]): Promise<Running> {
  const peer = startPeer(script, args, stage.server, 'bob');
  peers.push(peer);
  await peer.line(/^ready$/);
  return peer;
}

async function expectReceived(receiver: Actor, name: string, hash: string): Promise<void> {
  const [path = ''] = await firstResults(receiver, 1);
  expect(path).toBe(join(receiver.folder, name));
  expect(await hashOfFile(path)).toBe(hash);
}

// test/support/setup.js puts them in place on Debian, and says elsewhere that they are left out.
const clients = HAS_PEERS ? describe : describe.skip;

clients('slixmpp', () => {
  const slixmpp = (...args: string[]) => startedPeer('slixmpp_peer.py', args);

  test.each(SIZES)('takes %s bytes by SI, with its name', async (size) => {
    const { path, hash } = await fileOf(size);
    const target = join(stage.folder(), 'target');
    const peer = await slixmpp('si-receive', target);
    const sent = await outcomeOf(sendTo(BOB, path, '--via', 'si'));
    expect(sent).toMatchObject({ code: 0 });
    expect(sent.stderr).toContain('delivered, not verified: a b.bin to ');
    expect(sent.stderr).not.toContain('sent');
    await peer.line(new RegExp(`^offer a b\\.bin ${size}`));
    await peer.line(new RegExp(`^done ${hash}$`));
    expect(await hashOfFile(target)).toBe(hash);
  });

  test('takes a file by SI where nothing is said of the way, as it knows no Jingle', async () => {
    const { path, hash } = await fileOf(100_000);
    const peer = await slixmpp('si-receive', join(stage.folder(), 'target'));
    const sent = await outcomeOf(sendTo('bob@localhost', path, '--verbose'));
    expect(sent).toMatchObject({ code: 0 });
    expect(sent.stderr).toContain(`${BOB} takes files by si, then ibb\n`);
    expect(sent.stderr).toContain('offering by si\n');
    await peer.line(new RegExp(`^done ${hash}$`));
  });

  test('takes the rest of a file that it wants from an offset', async () => {
    const { path } = await fileOf(100_000);
    const target = join(stage.folder(), 'target');
    const peer = await slixmpp('si-receive', target, '40000');
    const sent = await outcomeOf(sendTo(BOB, path, '--json'));
    expect(sent).toMatchObject({ code: 0 });
    expect(eventsOf(sent.stdout)).toContainEqual(
      expect.objectContaining({ event: 'resumed', offset: 40_000 }),
    );
    expect(await peer.exited).toMatchObject({ code: 0 });
    expect(await readFile(target)).toEqual((await readFile(path)).subarray(40_000));
  });

  test('declines a file, which ends send with 6', async () => {
    const { path } = await fileOf(1);
    await slixmpp('si-decline');
    const sent = await outcomeOf(sendTo(BOB, path, '--via', 'si'));
    expect(sent).toMatchObject({ code: 6, stdout: '' });
    expect(sent.stderr).toContain('refused the file (forbidden');
  });

  test.each(SIZES)('sends %s bytes by SI to receive', async (size) => {
    const { path, hash } = await fileOf(size);
    const receiver = await stage.receive('alice');
    const peer = await slixmpp('si-send', INBAND, path);
    await peer.line(new RegExp(`^done ${hash}$`));
    await expectReceived(receiver, 'a b.bin', hash);
    expect(await peer.exited).toMatchObject({ code: 0 });
  });

  test('sends by SI only what receive does not have of a file from before', async () => {
    const { path, hash } = await fileOf(1_000_000);
    const receiver = await stage.receive('alice', ['--json']);
    const cut = await slixmpp('si-send', INBAND, path);
    await receiver.line(
      /"event":"progress","id":\d+,"peer":"[^"]*","name":"a b\.bin","size":1000000,"bytes":[1-9]/,
    );
    await cut.stop('SIGKILL');
    const peer = await slixmpp('si-send', INBAND, path);
    expect(await peer.exited).toMatchObject({ code: 0 });
    await receiver.line(
      /"event":"resumed","id":\d+,"peer":"[^"]*","name":"a b\.bin","size":1000000,"offset":[1-9]/,
    );
    await receiver.line(/"event":"done"/);
    expect(await hashOfFile(join(receiver.folder, 'a b.bin'))).toBe(hash);
  });

  test('sends bytes that do not have the MD5 of its offer: nothing is kept', async () => {
    const { path } = await fileOf(1000);
    const receiver = await stage.receive('alice');
    await slixmpp('si-send', INBAND, path, 'd41d8cd98f00b204e9800998ecf8427e');
    await receiver.line(/the bytes that came do not have the md5 hash that was told/, 'stderr');
    expect(filesIn(receiver.folder)).toEqual([]);
  });

  test('that is not let in learns nothing, and nothing is written', async () => {
    const { path } = await fileOf(1);
    const receiver = await stage.receive('alice', ['--allow', 'own']);
    const peer = await slixmpp('si-send', INBAND, path);
    expect(await peer.exited).toMatchObject({ code: 1 });
    expect(peer.stderr()).toContain('service-unavailable');
    expect(filesIn(receiver.folder)).toEqual([]);
  });
});

clients('libpurple', () => {
  const libpurple = (...args: string[]) => startedPeer('purple_peer.py', args);

  test.each(SIZES)(
    'takes %s bytes, which it does not say: delivered, not verified',
    async (size) => {
      const { path, hash } = await fileOf(size);
      const target = join(stage.folder(), 'target');
      const peer = await libpurple('receive', target);
      const sent = await outcomeOf(sendTo(BOB, path));
      expect(sent).toMatchObject({ code: 0 });
      expect(sent.stderr).toContain('delivered, not verified: a b.bin to ');
      expect(sent.stderr).not.toContain('sent');
      await peer.line(new RegExp(`^offer a b\\.bin ${size}$`));
      await peer.line(new RegExp(`^done ${hash}$`));
    },
  );

  test('declines a file, which ends send with 6', async () => {
    const { path } = await fileOf(1);
    await libpurple('decline');
    expect(await outcomeOf(sendTo(BOB, path))).toMatchObject({ code: 6 });
  });

  test.each(SIZES)('sends %s bytes to receive, and both have done', async (size) => {
    const { path, hash } = await fileOf(size);
    const receiver = await stage.receive('alice');
    const peer = await libpurple('send', INBAND, path);
    await expectReceived(receiver, 'a b.bin', hash);
    await peer.line(new RegExp(`^done ${hash}$`));
  });
});

test('a client that can do no more of Jingle than say so gets the file by SI', async () => {
  const { service, ca, account } = stage.server;
  const { password } = account('bob');
  const session = await connect({ account: BOB, password, service, ca });
  const bytestreams = new InBandBytestreams(session);
  const features = [...jingle.features, ...SI_FEATURES];
  answerDiscovery(session, { identity: { category: 'client', type: 'pc', name: 'x' }, features });
  new JingleFileTransfers(session, [ibbTransport(bytestreams)]).onOffer = (file) =>
    file.decline({ condition: 'unsupported-transports' });
  const accepted = new Promise<Channel>((resolve) => {
    new SiFileTransfers(session, bytestreams).onOffer = (file) => resolve(file.accept());
  });
  const { path, hash } = await fileOf(100_000);
  const sending = outcomeOf(sendTo(BOB, path, '--verbose'));
  expect(sha256(await takeAll(await accepted))).toBe(hash);
  const sent = await sending;
  expect(sent).toMatchObject({ code: 0 });
  expect(sent.stderr).toMatch(/takes no files like this \(unsupported-transports.*; trying si$/m);
  await session.close();
});

clients('probe', () => {
  const probe = (jid: string) => outcomeOf(stage.inband('alice', ['probe', '--json', jid]));

  test('tells who is there, their programs, and whom send would choose', async () => {
    await startedPeer('slixmpp_peer.py', ['si-decline']);
    const receiver = await stage.receive('bob');
    const { code, stdout } = await probe('bob@localhost');
    await receiver.stop(); // in good order: for one that is killed the server keeps its place
    expect(code).toBe(0);
    expect(eventsOf(stdout).filter(({ event }) => event === 'resource')).toEqual([
      {
        event: 'resource',
        peer: 'bob@localhost/inband',
        client: 'inband',
        ways: ['jingle', 'si', 'ibb'],
        roundTripMs: expect.any(Number),
        via: 'jingle',
        why: '"inband receive" runs there',
        peerKey: expect.stringMatching(/^[a-z2-7]{52}$/),
        trust: 'new',
        inBand: expect.stringContaining('tells of no proxy'),
      },
      {
        event: 'resource',
        peer: BOB,
        ways: ['si', 'ibb'],
        roundTripMs: expect.any(Number),
      },
    ]);
  });

  test('prints one line with tabs, in it what libpurple says that it is', async () => {
    await startedPeer('purple_peer.py', ['decline']);
    const seen = await outcomeOf(stage.inband('alice', ['probe', 'bob@localhost']));
    expect(seen.stdout).toMatch(
      /^bob@localhost\/peer\tlibpurple 2\.[^\t]+\tsi,ibb\t\d+ ms\tsi\t-\t-\n$/,
    );
    expect(seen.code).toBe(0);
  });

  test('ends with 5 where nobody is', async () => {
    const { code, stderr } = await probe('mallory@localhost');
    expect(code).toBe(5);
    expect(stderr).toContain('nobody is seen online');
  });
});
