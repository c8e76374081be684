import { expect, test } from '@jest/globals';
import type { Socket } from '../../../src/protocol/network/network.js';
import { enter } from '../../../src/protocol/socks5/handshake.js';
import { Listener } from '../../../src/protocol/socks5/listener.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { readAll } from '../ibb/bytestreams.js';
import { MemoryInternet, ownAddress } from '../network/memory-network.js';

const FIELD = '972b7bf47291ca609517f67f86b5081086052dad';
const OTHER = '1a12fb7bc625e55f3ed5b29a53dbe0e4aa7d80ba';
const [ROME, ALSO_ROME] = ['11.0.0.1', '11.0.0.9'];
const never = new AbortController().signal;

async function listening() {
  const [internet, clock] = [new MemoryInternet(), new ManualClock()];
  const own = [ownAddress(ROME), ownAddress(ALSO_ROME)];
  const listener = await Listener.listen(internet.of(own), FIELD, clock);
  const { port } = listener;
  const network = internet.of([ownAddress('11.0.0.2')]);
  const connect = (host = ROME) => network.connect({ host, port }, () => true, never);
  const come = async (host = ROME, field = FIELD): Promise<Socket> => {
    const socket = await connect(host);
    await enter(socket, field, never);
    return socket;
  };
  return { clock, listener, connect, come };
}

test('hands over the one who knows the field, whoever comes beside, and takes nobody after that (R500)', async () => {
  const { listener, connect, come } = await listening();
  const taken = listener.take(ROME, never);
  const stranger = await connect();
  await expect(come(ROME, OTHER)).rejects.toThrow('refuses the connection (2)');
  const his = await come();
  const hers = await taken;
  his.end('a letter');
  expect(await readAll(hers)).toEqual(Buffer.from('a letter'));
  await expect(come()).rejects.toThrow('ECONNREFUSED');
  expect(await readAll(stranger)).toEqual(Buffer.of());
  expect(his.destroyed).toBe(false);
});

test('hands over the connection to the address that was agreed on, and ends the others (R500)', async () => {
  const { listener, come } = await listening();
  const [other, right] = [await come(ALSO_ROME), await come(ROME)];
  const also = await come(ALSO_ROME);
  const taken = await listener.take(ROME, never);
  expect(taken.localAddress).toBe(ROME);
  for (const one of [other, also]) expect(await readAll(one)).toEqual(Buffer.of());
  expect([right.destroyed, right.readableEnded]).toEqual([false, false]);
});

test('hands over none that was closed in between (R500)', async () => {
  const { listener, come } = await listening();
  (await come()).resetAndDestroy();
  await settled();
  const taken = listener.take(ROME, never);
  await come();
  expect((await taken).destroyed).toBe(false);
});

test('waits five seconds for what one who has connected wants (R501)', async () => {
  const { clock, connect } = await listening();
  const silent = await connect();
  let ended = false;
  void readAll(silent).then(() => {
    ended = true;
  });
  await clock.advance(4_999);
  expect(ended).toBe(false);
  await clock.advance(1);
  expect(ended).toBe(true);
});

test('stops waiting when it is told to, with the reason, and ends all when it is closed (R501)', async () => {
  const { listener, connect, come } = await listening();
  const stop = new AbortController();
  const taken = listener.take(ROME, stop.signal);
  stop.abort(new Error('enough'));
  await expect(taken).rejects.toThrow('enough');
  const sockets = [await connect(), await come()];
  listener.close();
  for (const one of sockets) expect(await readAll(one)).toEqual(Buffer.of());
});
