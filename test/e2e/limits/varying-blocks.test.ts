import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Bytestream } from '../../../src/protocol/ibb/bytestream.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { xml } from '../../../src/session/xml.js';
import { type PeerScript, startPeer } from '../../support/programs/peers.js';
import type { Running } from '../../support/programs/process.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import { hashOfFile, prepareStage, sha256 } from '../stage.js';

const BOB = 'bob@localhost/peer';

/** Bytes in one block after the other. */
const SIZES = [4096, 1, 48_000, 8192, 517, 30_000, 4095, 2, 12_000, 48_000, 4096, 100];
const BYTES = SIZES.reduce((sum, size) => sum + size, 0);

// aioxmpp waits 44 ms for each block with stream management.
const stage = prepareStage({ streamManagement: false });

let peer: Running | undefined;
let session: Session | undefined;
afterEach(async () => {
  await Promise.all([peer?.stop('SIGKILL'), session?.close()]);
});

async function startedPeer(script: PeerScript, args: string[]): Promise<Running> {
  peer = startPeer(script, args, stage.server, 'bob');
  await peer.line(/^ready$/);
  return peer;
}

async function bytestreams(): Promise<[Session, InBandBytestreams]> {
  const { service, ca, account } = stage.server;
  const { jid, password } = account('alice');
  session = await connect({ account: jid, password, service, ca });
  await session.send(xml('presence'));
  return [session, new InBandBytestreams(session)];
}

/** Each size is a block: the next one waits until it was acknowledged. */
async function sendInBlocks(stream: Bytestream, bytes: Buffer): Promise<void> {
  stream.resume();
  let at = 0;
  for (const size of SIZES) {
    const acknowledged = once(stream, 'acknowledged');
    stream.write(bytes.subarray(at, at + size));
    await acknowledged;
    at += size;
  }
  expect(stream.blocksSent).toBe(SIZES.length);
  // libpurple does not answer the close of what it has: what it says of the file counts.
  stream.on('error', () => undefined).end();
}

// test/support/setup.js puts them in place on Debian, and says elsewhere that they are left out.
(HAS_PEERS ? describe : describe.skip)('blocks of sizes that change from one to the next', () => {
  const CASES = (['slixmpp_peer.py', 'aioxmpp_peer.py'] as const).flatMap((script) =>
    (['iq', 'message'] as const).map((stanza) => [script, stanza] as const),
  );

  test.each(CASES)('are what %s takes, in %s stanzas (R275)', async (script, stanza) => {
    const target = join(stage.folder(), 'target');
    const running = await startedPeer(script, ['receive', 'alice@localhost', target]);
    const [, service] = await bytestreams();
    const bytes = randomBytes(BYTES);
    const stream = await service.open(BOB, { blockSize: 48_000, stanza });
    expect(stream.blockSize).toBe(48_000);
    await sendInBlocks(stream, bytes);
    await running.line(new RegExp(`^done ${sha256(bytes)}$`));
    expect(await hashOfFile(target)).toBe(sha256(bytes));
  });

  test('are what libpurple takes (R275)', async () => {
    const target = join(stage.folder(), 'target');
    const running = await startedPeer('purple_peer.py', ['receive', target]);
    const [online, service] = await bytestreams();
    const bytes = randomBytes(BYTES);
    const transfers = new SiFileTransfers(online, service);
    const { channel } = await transfers.offer(
      BOB,
      { name: 'a.bin', size: BYTES },
      { blockSize: 48_000 },
    );
    await sendInBlocks(channel as Bytestream, bytes);
    await running.line(new RegExp(`^done ${sha256(bytes)}$`));
    expect(await hashOfFile(target)).toBe(sha256(bytes));
  });
});
