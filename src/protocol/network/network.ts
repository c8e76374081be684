// TCP connections beside the XMPP stream, as protocols see them; tests bring their own.
import { once } from 'node:events';
import { createServer, isIP, connect as open, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Duplex } from 'node:stream';
import { type NetworkProxy, proxyTo } from '../../session/dial/proxy.js';
import { throughProxy } from '../../session/dial/through-proxy.js';
import {
  type Allows,
  checkedLookup,
  notAllowed,
  type Resolve,
  systemResolve,
} from './checked-lookup.js';
import type { OwnAddress } from './own-networks.js';

/** A TCP connection, each direction of which is closed by itself. */
export interface Socket extends Duplex {
  /** The address of ours that it goes by. */
  readonly localAddress?: string | undefined;
  /** Breaks it off in a way that the other side cannot take for its end. */
  resetAndDestroy(): unknown;
}

export interface Endpoint {
  /** A name or an address. */
  host: string;
  port: number;
}

export interface Listening {
  readonly port: number;
  /** Takes no more connections. Those that were taken stay. */
  close(): void;
}

export interface Network {
  /** Connects where each address is allowed. Rejects where one is not, with the system's error, or the signal's reason. */
  connect(to: Endpoint, allows: Allows, signal: AbortSignal): Promise<Socket>;
  /** Takes connections at all addresses of this machine, by a free port. */
  listen(most: number, connected: (socket: Socket) => void): Promise<Listening>;
  ownAddresses(): readonly OwnAddress[];
}

/** Keep-alive shows after minutes that the other side is gone, where no byte is on its way. */
const SOCKET = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
};

/** `resolve` finds the addresses of names; default: as the system does. */
export const systemNetwork = (resolve: Resolve = systemResolve): Network => ({
  connect: async ({ host, port }, allows, signal) => {
    signal.throwIfAborted();
    const lookup = checkedLookup(host, allows, resolve);
    const socket = open({ ...SOCKET, host, port, lookup });
    socket.on('error', () => undefined); // whoever reads or writes hears of it
    try {
      await once(socket, 'connect', { signal });
      return socket;
    } catch (error) {
      socket.destroy();
      throw signal.aborted ? signal.reason : error;
    }
  },
  listen: async (most, connected) => {
    const server = createServer(SOCKET, connected);
    server.maxConnections = most;
    await listening(server);
    const address = server.address();
    if (!address || typeof address === 'string') throw new Error('no port to listen at');
    return { port: address.port, close: () => void server.close() };
  },
  ownAddresses: () => Object.values(networkInterfaces()).flatMap((found) => found ?? []),
});

/** All goes by the proxy: nobody can connect to us, and no address of ours is of use to anybody. */
export const networkBy = (proxy: NetworkProxy): Network => ({
  connect: async (to, allows, signal) => {
    const way = proxyTo(to.host, proxy);
    if (!way) return systemNetwork().connect(to, allows, signal);
    // Which addresses a name has is not seen here: all must be allowed.
    if (!allows(isIP(to.host) ? to.host : '')) throw notAllowed(to.host);
    const socket = await throughProxy(way, to, signal);
    socket.allowHalfOpen = SOCKET.allowHalfOpen;
    socket.setKeepAlive(SOCKET.keepAlive, SOCKET.keepAliveInitialDelay);
    return socket;
  },
  listen: async () => {
    throw new Error('nobody can connect to what is behind a proxy');
  },
  ownAddresses: () => [],
});

/** At all addresses; some machines have no IPv6. */
async function listening(server: Server): Promise<void> {
  const at = async (host: string) => {
    server.listen(0, host);
    await once(server, 'listening');
  };
  await at('::').catch(() => at('0.0.0.0'));
  // A connection that cannot be taken, for want of descriptors, is one that was never made.
  server.on('error', () => undefined);
}
