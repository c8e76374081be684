import { once } from 'node:events';
import net from 'node:net';
import { HOST } from './server.js';

export interface CountingProxy {
  port: number;
  /** By all clients, as they go over the network. */
  bytesSent(): number;
  close(): void;
}

/** Hands on what clients and a server say to each other, and counts it. */
export async function startCountingProxy(target: number): Promise<CountingProxy> {
  const sockets: net.Socket[] = [];
  let bytes = 0;
  const listener = net.createServer({ noDelay: true }, (client) => {
    const server = net.connect({ port: target, host: HOST, noDelay: true });
    sockets.push(client, server);
    client.on('data', (chunk) => {
      bytes += chunk.length;
    });
    client.pipe(server).pipe(client);
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
  });
  listener.listen(0, HOST);
  await once(listener, 'listening');
  return {
    port: (listener.address() as net.AddressInfo).port,
    bytesSent: () => bytes,
    close: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
