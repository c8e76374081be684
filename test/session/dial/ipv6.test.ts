import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo, LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { dial } from '../../../src/session/dial/dial.js';
import { ServerNotTrusted } from '../../../src/session/stream/connection-errors.js';
import { withIPv6 } from '../../support/networks/ipv6.js';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../support/servers/certificates.js';

const DOMAIN = 'capulet.example';

let folder: string;
let ca: CertificateAuthority;
const servers: tls.Server[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-ipv6-'));
  ca = await createCertificateAuthority(folder);
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rm(folder, { recursive: true }));

/** What speaks TLS at an address of this machine, with a certificate for `name`; its port. */
async function listening(address: string, name: string): Promise<number> {
  const { certPath, keyPath } = await ca.issue(name);
  const [cert, key] = await Promise.all([readFile(certPath), readFile(keyPath)]);
  const server = tls.createServer({ cert, key }, (socket) => socket.on('error', () => undefined));
  servers.push(server.listen(0, address));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The addresses that a name has. */
const having =
  (...addresses: string[]): LookupFunction =>
  (_host, _options, told) =>
    told(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

/** Connects to a name or an address, and tells where that went. */
async function dialled(domain: string, host: string, port: number, lookup?: LookupFunction) {
  const { socket } = await dial([{ host, port, directTls: true }], {
    ...{ domain, ca: ca.pem, signal: new AbortController().signal },
    ...(lookup ? { lookup } : {}),
  });
  const { remoteAddress } = socket;
  socket.destroy();
  return remoteAddress;
}

withIPv6('R1127', () => {
  test('a domain with an IPv6 address alone is connected to (R1127)', async () => {
    const port = await listening('::1', DOMAIN);
    expect(await dialled(DOMAIN, DOMAIN, port, having('::1'))).toBe('::1');
  });

  test.each([
    ['::1', '127.0.0.1'],
    ['127.0.0.1', '::1'],
  ])('one at which nobody listens at %s is connected to at %s (R1127)', async (dead, address) => {
    const port = await listening(address, DOMAIN);
    expect(await dialled(DOMAIN, DOMAIN, port, having(dead, address))).toBe(address);
  });

  test('an address in the place of a domain is what its certificate must be for (R1127)', async () => {
    expect(await dialled('[::1]', '::1', await listening('::1', '::1'))).toBe('::1');
    const others = [await listening('::1', '::2'), await listening('::1', DOMAIN)];
    for (const port of others) {
      await expect(dialled('[::1]', '::1', port)).rejects.toBeInstanceOf(ServerNotTrusted);
    }
  });
});
