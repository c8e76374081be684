import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { parseProxy } from '../../src/session/dial/proxy.js';

/**
 * A proxy of a network, by HTTP's CONNECT (RFC 9110 §9.3.6), whose names are what the test says: `portOf` tells the port
 * on loopback that `host:port` stands for; `undefined`: nobody can be connected to there.
 */
export async function scriptedProxy(portOf: (target: string) => number | undefined) {
  /** Each `host:port` that was asked for. */
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', ({ url = '' }, client, head) => {
    asked.push(url);
    const port = portOf(url);
    if (port === undefined) {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const target = connect({ host: '127.0.0.1', port }, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      target.write(head);
      target.pipe(client).pipe(target);
    });
    sockets.add(target);
    for (const one of [client, target]) one.on('error', () => undefined);
    // What is broken off behind it ends in front of it, too.
    target.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    proxy: parseProxy(`http://127.0.0.1:${port}`),
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
