import type { Socket as NetSocket } from 'node:net';
import { expect, test } from '@jest/globals';
import { type Socket, systemNetwork } from '../../../src/protocol/network/network.js';
import { readAll } from '../ibb/bytestreams.js';

const never = new AbortController().signal;
const anybody = () => true;

/** A port of this machine, and the connections that have come. */
async function listening() {
  const network = systemNetwork((_host, told) => told(null, [{ address: '127.0.0.1', family: 4 }]));
  const connected: Socket[] = [];
  let tell: (socket: Socket) => void = () => undefined;
  const first = new Promise<Socket>((resolve) => {
    tell = resolve;
  });
  const { port, close: closePort } = await network.listen(8, (socket) => {
    connected.push(socket);
    tell(socket);
  });
  const close = () => {
    closePort();
    for (const socket of connected) socket.destroy();
  };
  return { network, port, close, first };
}

test('joins two sockets, each side of which closes by itself (R501)', async () => {
  const { network, port, close, first } = await listening();
  const his = await network.connect({ host: '127.0.0.1', port }, anybody, never);
  const hers = await first;
  his.end('a letter');
  expect(await readAll(hers)).toEqual(Buffer.from('a letter'));
  hers.end('an answer');
  expect(await readAll(his)).toEqual(Buffer.from('an answer'));
  close();
});

test('connects by a name to the addresses that it was found to have (R503)', async () => {
  const { network, port, close, first } = await listening();
  const asked: string[] = [];
  const allows = (address: string) => asked.push(address) > 0;
  const his = await network.connect({ host: 'files.example.org', port }, allows, never);
  expect(asked).toEqual(['127.0.0.1']);
  await first;
  his.destroy();
  close();
});

test.each(['127.0.0.1', '::1', 'files.example.org'])(
  'does not connect to %s where the address is not allowed (R503)',
  async (host) => {
    const { network, port, close, first } = await listening();
    const refused = network.connect({ host, port }, () => false, never);
    await expect(refused).rejects.toThrow(`${host} must not be connected to`);
    // The allowed one comes behind it, and is the first.
    const his = (await network.connect({ host: '127.0.0.1', port }, anybody, never)) as NetSocket;
    expect(((await first) as NetSocket).remotePort).toBe(his.localPort);
    his.destroy();
    close();
  },
);

test('stops connecting when it is told to, with the reason (R501)', async () => {
  const { network, port, close } = await listening();
  const stop = new AbortController();
  const connecting = network.connect({ host: '127.0.0.1', port }, anybody, stop.signal);
  stop.abort(new Error('enough'));
  await expect(connecting).rejects.toThrow('enough');
  await expect(network.connect({ host: '127.0.0.1', port }, anybody, stop.signal)).rejects.toThrow(
    'enough',
  );
  close();
});

test('tells what the system says of a port where nobody listens', async () => {
  const { network, port, close } = await listening();
  close();
  await expect(network.connect({ host: '127.0.0.1', port }, anybody, never)).rejects.toThrow(
    'ECONNREFUSED',
  );
});
