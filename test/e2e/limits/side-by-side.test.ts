import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Bytestream } from '../../../src/protocol/ibb/bytestream.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { connect } from '../../../src/session/connect.js';
import { takeAll } from '../../protocol/ibb/bytestreams.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { SHIPPED_RATE, startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const servers: TestServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

async function online(server: TestServer, name: string) {
  const { service, ca } = server;
  const { jid: account, password } = server.account(name);
  return connect({ account, password, service, ca });
}

/** Sends some bytes, and when so many of them have arrived others; who was done in which order, and what came. */
async function sideBySide(server: TestServer, first: number, after: number, second: number) {
  servers.push(server);
  const [alice, bob] = [await online(server, 'alice'), await online(server, 'bob')];
  const came: Promise<Buffer>[] = [];
  new InBandBytestreams(bob, { sessionLimit: 2 }).onBytestream = (stream) =>
    came.push(takeAll(stream));
  const service = new InBandBytestreams(alice);
  const order: string[] = [];
  const bytes = [randomBytes(first), randomBytes(second)] as const;
  const send = async (name: string, stream: Bytestream, all: Buffer) => {
    stream.resume();
    await pipeline(Readable.from([all]), stream);
    order.push(name);
  };
  const large = await service.open(bob.jid);
  const ended = send('first', large, bytes[0]);
  while (large.bytesSent < after) await once(large, 'acknowledged');
  await Promise.all([ended, send('second', await service.open(bob.jid), bytes[1])]);
  const hashes = (await Promise.all(came)).map(sha256);
  await Promise.all([alice.close(), bob.close()]);
  return { order, isWhole: hashes.join() === bytes.map(sha256).join() };
}

const MB = 1_000_000;
const STARTS: [string, () => Promise<TestServer>][] = [
  ['Prosody', startProsody],
  ['ejabberd', startEjabberd],
];

describe('a bytestream beside one that chooses its blocks', () => {
  test.each(HAS_PEERS ? STARTS : STARTS.slice(0, 1))(
    'is done before it: %s (R274)',
    async (_name, start) => {
      const carried = await sideBySide(await start(), 24 * MB, 4 * MB, 0.2 * MB);
      expect(carried).toEqual({ order: ['second', 'first'], isWhole: true });
    },
  );

  test('is done before it, behind a limit of 10 kB/s (R274)', async () => {
    const server = await startProsody({ rateLimit: SHIPPED_RATE });
    const carried = await sideBySide(server, 200_000, 20_000, 6_000);
    expect(carried).toEqual({ order: ['second', 'first'], isWhole: true });
  });
});
