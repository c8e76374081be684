import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { answerDiscovery } from '../../../src/protocol/disco.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { NS_IBB } from '../../../src/protocol/ibb/stanzas.js';
import { caps, nodeOf } from '../../../src/protocol/presence/caps.js';
import { available } from '../../../src/protocol/presence/presence.js';
import type { IncomingSiFile } from '../../../src/protocol/si/incoming-si-file.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import { NS_SI, NS_SI_FILE_TRANSFER } from '../../../src/protocol/si/stanzas.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { takeAll } from '../../protocol/ibb/bytestreams.js';
import { type PeerScript, startPeer } from '../../support/programs/peers.js';
import type { Running } from '../../support/programs/process.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import { prepareStage, sha256 } from '../stage.js';

const stage = prepareStage();
const sessions: Session[] = [];

afterEach(() => Promise.all(sessions.splice(0).map((session) => session.close())));

/** The service of an account, and the first offer that it gets. */
async function online(name: string) {
  const { service, ca, account } = stage.server;
  const { jid, password } = account(name);
  const session = await connect({ account: jid, password, service, ca });
  sessions.push(session);
  const transfers = new SiFileTransfers(session, new InBandBytestreams(session));
  const offered = new Promise<IncomingSiFile>((resolve) => {
    transfers.onOffer = resolve;
  });
  return { session, transfers, offered };
}

/** What is offered, unless the program that is to offer it ends before. */
const offeredBy = (peer: Running, offered: Promise<IncomingSiFile>) =>
  Promise.race([
    offered,
    peer.exited.then(() => Promise.reject(new Error(`it has ended: ${peer.stderr()}`))),
  ]);

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest();

test('a file goes from one account to another, from an offset on', async () => {
  const [alice, bob] = await Promise.all([online('alice'), online('bob')]);
  const bytes = randomBytes(100_000);
  const outcome = alice.transfers.offer(bob.session.jid, {
    ...{ name: 'a.bin', size: bytes.length },
    hashes: new Map([['md5', md5(bytes)]]),
  });
  const accepted = (await bob.offered).accept({ offset: 40_000 });
  const { channel, offset } = await outcome;
  channel.resume().end(bytes.subarray(offset));
  expect(sha256(await takeAll(await accepted))).toBe(sha256(bytes.subarray(40_000)));
});

/** A program of another library, online as `bob@localhost/peer`. */
async function startedPeer(script: PeerScript, args: string[]): Promise<Running> {
  const peer = startPeer(script, args, stage.server, 'bob');
  await peer.line(/^ready$/);
  return peer;
}

// test/support/setup.js puts them in place on Debian, and says elsewhere that they are left out.
const peers = HAS_PEERS ? describe : describe.skip;

peers('slixmpp', () => {
  const slixmpp = (...args: string[]) => startedPeer('slixmpp_peer.py', args);

  test.each([0, 40_000])('takes a file from %s on', async (start) => {
    const path = join(stage.folder(), 'target');
    const bytes = randomBytes(100_000);
    const alice = await online('alice');
    const peer = await slixmpp('si-receive', path, String(start));
    const { channel, offset } = await alice.transfers.offer('bob@localhost/peer', {
      name: 'a b.bin',
      size: bytes.length,
      mediaType: 'text/plain',
      date: new Date(),
      hashes: new Map([['md5', md5(bytes)]]),
    });
    expect(offset).toBe(start);
    channel.resume().end(bytes.subarray(offset));
    await peer.line(new RegExp(`^offer a b\\.bin 100000 ${md5(bytes).toString('hex')}$`));
    expect(await peer.exited).toMatchObject({ code: 0 });
    expect(await readFile(path)).toEqual(bytes.subarray(start));
    expect(channel.closeAcknowledged).toBe(true);
  });

  test.each([0, 40_000])('sends a file from %s on', async (offset) => {
    const path = join(stage.folder(), 'a b.txt');
    const bytes = randomBytes(100_000);
    await writeFile(path, bytes);
    const alice = await online('alice');
    const peer = await slixmpp('si-send', alice.session.jid, path);
    const offer = await offeredBy(peer, alice.offered);
    expect(offer).toMatchObject({ peer: 'bob@localhost/peer', ranged: true });
    expect(offer.offer).toEqual({
      name: 'a b.txt',
      size: bytes.length,
      description: 'from slixmpp',
      mediaType: 'text/plain',
      date: new Date('2024-02-29T12:00:00Z'),
      hashes: new Map([['md5', md5(bytes)]]),
    });
    const received = await takeAll(await offer.accept({ offset }));
    expect(received).toEqual(bytes.subarray(offset));
    expect(await peer.exited).toMatchObject({ code: 0 });
  });

  test('declines a file', async () => {
    const alice = await online('alice');
    await slixmpp('si-decline');
    const outcome = alice.transfers.offer('bob@localhost/peer', { name: 'a', size: 1 });
    await expect(outcome).rejects.toMatchObject({ condition: 'forbidden' });
  });

  test('is told that its file is declined', async () => {
    const path = join(stage.folder(), 'a.txt');
    await writeFile(path, 'text');
    const alice = await online('alice');
    const peer = await slixmpp('si-send', alice.session.jid, path);
    (await offeredBy(peer, alice.offered)).decline();
    expect(await peer.exited).toMatchObject({ code: 1 });
    expect(peer.stderr()).toContain('forbidden');
  });
});

peers('libpurple', () => {
  const libpurple = (...args: string[]) => startedPeer('purple_peer.py', args);

  test.each([0, 100_000])('takes a file of %s bytes', async (size) => {
    const path = join(stage.folder(), 'target');
    const bytes = randomBytes(size);
    const alice = await online('alice');
    const peer = await libpurple('receive', path);
    const { channel } = await alice.transfers.offer('bob@localhost/peer', {
      name: 'a b.bin',
      size,
    });
    channel.resume().end(bytes);
    await peer.line(new RegExp(`^offer a b\\.bin ${size}$`));
    await peer.line(new RegExp(`^done ${sha256(bytes)}$`));
    expect(channel.bytesSent).toBe(size);
    channel.destroy(); // it never answers the close
  });

  test('sends a file', async () => {
    const path = join(stage.folder(), 'a b.bin');
    const bytes = randomBytes(100_000);
    await writeFile(path, bytes);
    const alice = await online('alice');
    const info = {
      identity: { category: 'client', type: 'bot', name: 'inband' },
      features: [NS_SI, NS_SI_FILE_TRANSFER, NS_IBB],
    };
    answerDiscovery(alice.session, info, [nodeOf(info)]);
    const peer = await libpurple('send', alice.session.jid, path);
    await alice.session.send(available(caps(info)));
    const offer = await offeredBy(peer, alice.offered);
    expect(offer).toMatchObject({ peer: 'bob@localhost/peer', ranged: false });
    expect(offer.offer).toEqual({ name: 'a b.bin', size: bytes.length });
    expect(await takeAll(await offer.accept())).toEqual(bytes);
    await peer.line(new RegExp(`^done ${sha256(bytes)}$`));
  });

  test('declines a file', async () => {
    const alice = await online('alice');
    await libpurple('decline');
    const outcome = alice.transfers.offer('bob@localhost/peer', { name: 'a', size: 1 });
    await expect(outcome).rejects.toMatchObject({ condition: 'forbidden' });
  });
});
