import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import type { Bytestream } from '../../../src/protocol/ibb/bytestream.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import type { ServiceSettings } from '../../../src/protocol/ibb/settings.js';
import { SEQ_MODULUS } from '../../../src/protocol/ibb/stanzas.js';
import { enableCarbons } from '../../../src/protocol/messages/carbons.js';
import type { Clock } from '../../../src/session/clock.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { xml } from '../../../src/session/xml.js';
import { takeAll } from '../../protocol/ibb/bytestreams.js';
import { startPeer } from '../../support/programs/peers.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';

const sessions: Session[] = [];

async function online(server: TestServer, name: string): Promise<Session> {
  const { service, ca } = server;
  const { jid: account, password } = server.account(name);
  const session = await connect({ account, password, service, ca });
  sessions.push(session);
  return session;
}

/** A service that takes one bytestream, and the bytes that came through it. */
function accepting(session: Session, settings: Partial<ServiceSettings> = {}) {
  const service = new InBandBytestreams(session, { sessionLimit: 1, ...settings });
  const received = new Promise<Buffer>((resolve, reject) => {
    service.onBytestream = (stream) => takeAll(stream).then(resolve, reject);
  });
  return { service, received };
}

async function sendAll(stream: Bytestream, bytes: Buffer): Promise<void> {
  stream.resume();
  await pipeline(Readable.from([bytes]), stream);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let prosody: TestServer;
let folder: string;

beforeAll(async () => {
  // aioxmpp takes ten seconds for a megabyte where the server has stream management.
  prosody = await startProsody({ streamManagement: false });
  folder = await mkdtemp(join(tmpdir(), 'inband-e2e-'));
});

afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()));
  await prosody.stop();
  await rm(folder, { recursive: true, force: true });
});

test('carries bytes both ways at once over one connection', async () => {
  const [alice, bob] = [await online(prosody, 'alice'), await online(prosody, 'bob')];
  // Each has one that it opened itself as well.
  const [left, right] = [alice, bob].map((one) => accepting(one, { sessionLimit: 2 })) as [
    ReturnType<typeof accepting>,
    ReturnType<typeof accepting>,
  ];
  const [there, back] = [randomBytes(700_001), randomBytes(600_000)];
  await Promise.all([
    left.service.open(bob.jid).then((stream) => sendAll(stream, there)),
    right.service.open(alice.jid).then((stream) => sendAll(stream, back)),
  ]);
  expect(sha256(await right.received)).toBe(sha256(there));
  expect(sha256(await left.received)).toBe(sha256(back));
});

test.each(['iq', 'message'] as const)('carries a megabyte in %s stanzas', async (stanza) => {
  const [alice, bob] = [await online(prosody, 'alice'), await online(prosody, 'bob')];
  const { received } = accepting(bob);
  const bytes = randomBytes(1_000_000);
  const stream = await new InBandBytestreams(alice, { stanza, blockSize: 4096 }).open(bob.jid);
  await sendAll(stream, bytes);
  expect(sha256(await received)).toBe(sha256(bytes));
  expect(stream.blocksSent).toBe(Math.ceil(bytes.length / stream.blockSize));
});

test.each(['iq', 'message'] as const)(
  'carries megabytes in %s stanzas of the sizes that deliver most (R163)',
  async (stanza) => {
    const [alice, bob] = [await online(prosody, 'alice'), await online(prosody, 'bob')];
    const { received } = accepting(bob);
    const bytes = randomBytes(5_000_000);
    const stream = await new InBandBytestreams(alice, { stanza }).open(bob.jid);
    await sendAll(stream, bytes);
    expect(sha256(await received)).toBe(sha256(bytes));
    expect(stream.blockSize).toBe(48_000);
    expect(stream.blocksSent).toBeLessThanOrEqual(Math.ceil(bytes.length / 4096));
  },
);

/** Some ten seconds where nothing else runs; the server does most of the work. */
const WRAP_TIMEOUT_MS = 240_000;

test(
  'counts on from 0 after block 65535 (R44)',
  async () => {
    const [alice, bob] = [await online(prosody, 'alice'), await online(prosody, 'bob')];
    const { received } = accepting(bob);
    const bytes = randomBytes((SEQ_MODULUS + 2) * 16);
    const stream = await new InBandBytestreams(alice, { blockSize: 16 }).open(bob.jid);
    await sendAll(stream, bytes);
    expect(sha256(await received)).toBe(sha256(bytes));
    expect(stream.blocksSent).toBe(SEQ_MODULUS + 2);
  },
  WRAP_TIMEOUT_MS,
);

/** Fifty times as fast. */
const hasty: Clock = {
  now: () => performance.now() * 50,
  sleep: (ms, signal) => wait(ms / 50, undefined, { signal }),
};

test.each(['iq', 'message'] as const)(
  'notices that the recipient is gone, by %s (R31)',
  async (stanza) => {
    const [alice, bob] = [await online(prosody, 'alice'), await online(prosody, 'bob')];
    new InBandBytestreams(bob, { sessionLimit: 1 }).onBytestream = (stream) => {
      stream.on('error', () => {});
      stream.once('data', () => void bob.close());
    };
    const service = new InBandBytestreams(alice, { stanza }, new HandlerRegistry(), hasty);
    const stream = await service.open(bob.jid);
    const sent = sendAll(stream, randomBytes(20_000_000));
    await expect(sent).rejects.toThrow(/is gone|came back|service-unavailable/);
  },
);

const peers = HAS_PEERS ? describe : describe.skip;

/** Two windows; the peers take a second of a processor for a megabyte. */
const PEER_BYTES = 300_000;

peers.each(['slixmpp', 'aioxmpp'] as const)('%s', (library) => {
  const script = `${library}_peer.py` as const;

  test.each(['iq', 'message'] as const)('takes a file in %s stanzas (R52)', async (stanza) => {
    const alice = await online(prosody, 'alice');
    const path = join(folder, `${library}-${stanza}`);
    const peer = startPeer(script, ['receive', 'alice@localhost', path], prosody, 'bob');
    await peer.line(/^ready/);
    const bytes = randomBytes(PEER_BYTES);
    const stream = await new InBandBytestreams(alice, { stanza }).open('bob@localhost/peer');
    await sendAll(stream, bytes);
    await peer.line(new RegExp(`^done ${sha256(bytes)}`));
    expect(sha256(await readFile(path))).toBe(sha256(bytes));
  });

  test.each(['iq', 'message'] as const)('sends a file in %s stanzas (R52)', async (stanza) => {
    const alice = await online(prosody, 'alice');
    const { received } = accepting(alice);
    const path = join(folder, 'to-send');
    const bytes = randomBytes(PEER_BYTES);
    await writeFile(path, bytes);
    const peer = startPeer(script, [`send-${stanza}`, alice.jid, path], prosody, 'bob');
    expect(sha256(await received)).toBe(sha256(bytes));
    await peer.line(/^done/);
  });
});

test('outlives the acknowledgements of 20,000 stanzas, which ejabberd counts', async () => {
  const ejabberd = await startEjabberd();
  try {
    const [alice, bob] = [await online(ejabberd, 'alice'), await online(ejabberd, 'bob')];
    const { received } = accepting(bob);
    const bytes = randomBytes(21_000 * 512);
    const stream = await new InBandBytestreams(alice, { blockSize: 512 }).open(bob.jid);
    await sendAll(stream, bytes);
    expect(sha256(await received)).toBe(sha256(bytes));
    expect(stream.blocksSent).toBe(21_000);
  } finally {
    await ejabberd.stop();
  }
});

test('says so when the server ends the stream over a large block (R33)', async () => {
  const strict = await startProsody({ config: 'c2s_stanza_size_limit = 20000' });
  try {
    const [alice, bob] = [await online(strict, 'alice'), await online(strict, 'bob')];
    accepting(bob).received.catch(() => {});
    const stream = await new InBandBytestreams(alice, { blockSize: 65_535 }).open(bob.jid);
    const sent = sendAll(stream, randomBytes(200_000));
    await expect(sent).rejects.toThrow(/policy-violation \(XML stanza is too big/);
  } finally {
    await strict.stop();
  }
});

test('gets most of what a server that limits its clients leaves (R32)', async () => {
  const slow = await startProsody({ rateLimit: '10kb/s' });
  try {
    const [alice, bob] = [await online(slow, 'alice'), await online(slow, 'bob')];
    const { received } = accepting(bob);
    const bytes = randomBytes(60_000);
    await sendAll(await new InBandBytestreams(alice).open(bob.jid), bytes);
    expect(sha256(await received)).toBe(sha256(bytes));
  } finally {
    await slow.stop();
  }
});

const SERVERS: [string, () => Promise<TestServer>][] = [['Prosody', startProsody]];
if (HAS_PEERS) SERVERS.push(['ejabberd', startEjabberd]);

test.each(SERVERS)('blocks in messages are copied to no other resource: %s', async (_, start) => {
  const server = await start();
  try {
    const alice = await online(server, 'alice');
    const bob = await online(server, 'bob');
    const tablet = await online(server, 'bob');
    for (const session of [bob, tablet]) await session.send(xml('presence'));
    await enableCarbons(tablet);
    const copies: string[] = [];
    const chat = new Promise<void>((resolve) => {
      tablet.onMessage((message) => {
        copies.push(message.toString());
        if (copies.at(-1)?.includes('hello')) resolve();
      });
    });
    const { received } = accepting(bob);
    const stream = await new InBandBytestreams(alice).open(bob.jid, { stanza: 'message' });
    await sendAll(stream, randomBytes(20_000));
    await received;
    await alice.send(xml('message', { to: bob.jid, type: 'chat' }, xml('body', {}, 'hello')));
    await chat;
    expect(copies).toHaveLength(1);
  } finally {
    await server.stop();
  }
});
