import { once } from 'node:events';
import net from 'node:net';
import { HOST } from '../../support/servers/server.js';

export interface CuttingProxy {
  readonly port: number;
  /** Where connections go from now on; before, they are refused. */
  target: number;
  /**
   * The next connections are cut off after so many bytes to the server, one each, in this order; others go on to their
   * end.
   */
  readonly cuts: number[];
  /** The same, after so many bytes of the server's. */
  readonly downCuts: number[];
  /** How many there were. */
  connections: number;
  close(): void;
}

/** Hands on what clients and a server say to each other, and cuts some of them off. */
export async function startCuttingProxy(): Promise<CuttingProxy> {
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((client) => {
    proxy.connections += 1;
    const server = net.connect({ port: proxy.target, host: HOST });
    let left = proxy.cuts.shift() ?? Number.POSITIVE_INFINITY;
    for (const socket of [client, server]) sockets.add(socket);
    let down = proxy.downCuts.shift() ?? Number.POSITIVE_INFINITY;
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    client.on('data', (chunk) => {
      left -= chunk.length;
      if (left <= 0) cut();
    });
    server.on('data', (chunk) => {
      down -= chunk.length;
      if (down <= 0) cut();
    });
    client.pipe(server).pipe(client);
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
  });
  listener.listen(0, HOST);
  await once(listener, 'listening');
  const proxy: CuttingProxy = {
    port: (listener.address() as net.AddressInfo).port,
    ...{ target: 0, cuts: [], downCuts: [], connections: 0 },
    close: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return proxy;
}
