import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createCertificateAuthority } from '../../support/servers/certificates.js';

export interface HttpsServer {
  /** `https://localhost:port` */
  readonly origin: string;
  readonly port: number;
  /** The CA of its certificate. */
  readonly ca: string;
  /** Breaks all connections off. */
  cut(): void;
  stop(): Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on loopback that answers each request as the test says. `name`: that of its certificate. */
export async function startHttpsServer(answer: Answer, name = 'localhost'): Promise<HttpsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-https-'));
  const ca = await createCertificateAuthority(folder);
  const { certPath, keyPath } = await ca.issue(name);
  const [cert, key] = await Promise.all([readFile(certPath), readFile(keyPath)]);
  await rm(folder, { recursive: true });
  const server = createServer({ cert, key }, answer);
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => sockets.add(socket));
  // What clients do to a connection is theirs.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    ...{ port, cut, origin: `https://localhost:${port}`, ca: ca.pem },
    stop: async () => {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
