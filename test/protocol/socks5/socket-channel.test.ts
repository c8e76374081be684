import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ChannelBroken, ChannelLost, CloseUnconfirmed } from '../../../src/protocol/channel.js';
import { type Socket, systemNetwork } from '../../../src/protocol/network/network.js';
import { SocketChannel } from '../../../src/protocol/socks5/socket-channel.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { holdsChannel } from '../channel-suite.js';
import { errorOf, readAll, watch } from '../ibb/bytestreams.js';
import { linkedSockets } from '../network/memory-network.js';
import { pairOfSeals } from '../seal/seals.js';

function channelsOver([his, hers]: [Socket, Socket], isRelayed = false) {
  const clock = new ManualClock();
  const made = { lane: 'direct', isRelayed, clock };
  return {
    his: new SocketChannel(his, { ...made, peer: JULIET, isOpener: true }),
    hers: new SocketChannel(hers, { ...made, peer: ROMEO, isOpener: false }),
    clock,
    pass: () => clock.advance(10_000),
  };
}

describe('a channel over a connection (R506)', () => {
  holdsChannel(async () => channelsOver(linkedSockets()), { isConnection: true });
});

describe('a sealed channel over a connection (R506)', () => {
  const join = async () => {
    const below = channelsOver(linkedSockets());
    const seals = pairOfSeals();
    return { his: seals.his.wrap(below.his), hers: seals.hers.wrap(below.hers) };
  };
  holdsChannel(join, { isSealed: true, isConnection: true });
});

test('does not end for the reader where it closes before what was agreed on (R506)', async () => {
  const { his, hers } = channelsOver(linkedSockets());
  hers.endAt(2000);
  his.resume().end(Buffer.alloc(1999));
  await expect(readAll(hers)).rejects.toThrow('it closed too early');
});

test.each([
  ['ECONNRESET', ChannelBroken],
  ['EPIPE', ChannelBroken],
  ['ETIMEDOUT', ChannelLost],
  ['EHOSTUNREACH', ChannelLost],
])(
  'tells a peer that breaks it off from a network that fails: %s (R506)',
  async (code, expected) => {
    const sockets = linkedSockets();
    const { his } = channelsOver(sockets);
    const failed = errorOf(his);
    sockets[0].destroy(Object.assign(new Error(code), { code }));
    expect(await failed).toBeInstanceOf(expected);
  },
);

test('is closed by a proxy, which says nothing of what the peer has, until the peer says so elsewhere (R1093)', async () => {
  const [socket, proxy] = linkedSockets();
  const { his } = channelsOver([socket, proxy], true);
  const finished = watch(his, 'finish');
  his.resume().end('a letter');
  proxy.resume().end();
  await settled();
  expect([finished.count, his.closeAcknowledged, his.errored]).toEqual([1, false, null]);
  his.assumeTaken(8);
  expect(his.closeAcknowledged).toBe(true);
});

test('waits ten minutes for the answer to its close, and no longer (R501)', async () => {
  const { his, clock } = channelsOver(linkedSockets());
  const failed = errorOf(his);
  his.resume().end('a letter');
  await clock.advance(599_999);
  expect(his.destroyed).toBe(false);
  await clock.advance(1);
  expect(await failed).toBeInstanceOf(CloseUnconfirmed);
});

test('waits longer for a peer that says elsewhere that it works on it, and not for ever (R826)', async () => {
  const { his, clock } = channelsOver(linkedSockets());
  const failed = errorOf(his);
  his.resume().end('a letter');
  for (let minutes = 0; minutes < 60; minutes += 1) {
    his.assumeAtWork();
    await clock.advance(60_000);
  }
  expect(his.destroyed).toBe(false);
  await clock.advance(539_999);
  expect(his.destroyed).toBe(false);
  await clock.advance(1);
  expect(await failed).toBeInstanceOf(CloseUnconfirmed);
  await settled();
  expect(clock.sleepers).toBe(0);
});

test('reads what is on its way when the peer has said elsewhere that nothing more comes (R506)', async () => {
  const { his, hers, clock } = channelsOver(linkedSockets());
  hers.assumeClosed();
  const read = readAll(hers);
  for (let count = 0; count < 5; count += 1) {
    his.write('a letter');
    await clock.advance(2_000);
  }
  his.resume().end();
  expect(await read).toHaveLength(40);
});

test('ends none that has closed on both sides with a reset (R506)', async () => {
  const { his, hers } = channelsOver(linkedSockets());
  const closed = watch(his, 'close');
  his.resume().end('a letter');
  await readAll(hers);
  await hers.acknowledgeClose();
  await settled();
  hers.abandon();
  await settled();
  expect([his.closeAcknowledged, his.errored, hers.errored, closed.count]).toEqual([
    ...[true, null],
    ...[null, 1],
  ]);
});

test('carries a file between two sockets of this machine, no faster than it is read (R506)', async () => {
  const network = systemNetwork();
  const never = new AbortController().signal;
  const bytes = randomBytes(24 * 1024 * 1024);
  let tell: (socket: Socket) => void = () => undefined;
  const connected = new Promise<Socket>((resolve) => {
    tell = resolve;
  });
  const { port, close } = await network.listen(1, (socket) => tell(socket));
  const to = { host: '127.0.0.1', port };
  const socket = await network.connect(to, () => true, never);
  const { his, hers } = channelsOver([socket, await connected]);
  hers.endAt(bytes.length);
  // What nobody reads fills what the system has for it, and then he waits.
  const drain = watch(his, 'drain');
  let written = 0;
  for (let isOpen = true; isOpen && written < bytes.length; written += PIECE) {
    const before = drain.count;
    if (his.write(piece(bytes, written))) continue;
    for (let turns = 0; turns < 20 && drain.count === before; turns += 1) await settled();
    isOpen = drain.count > before;
  }
  expect(written).toBeLessThan(bytes.length);
  expect(hers.bytesReceived).toBe(0);
  const read = readAll(hers);
  for (; written < bytes.length; written += PIECE) his.write(piece(bytes, written));
  his.resume().end();
  expect((await read).equals(bytes)).toBe(true);
  await hers.acknowledgeClose();
  await his.peerClosed;
  expect(his.closeAcknowledged).toBe(true);
  close();
});

const PIECE = 65_536;

const piece = (bytes: Buffer, from: number) => bytes.subarray(from, from + PIECE);
