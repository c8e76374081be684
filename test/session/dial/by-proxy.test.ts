import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { dial } from '../../../src/session/dial/dial.js';
import { type NetworkProxy, wentByProxy } from '../../../src/session/dial/proxy.js';
import { ConnectionFailed } from '../../../src/session/stream/connection-errors.js';

const PROXY: NetworkProxy = { kind: 'socks5', host: '127.0.0.1', port: 1, except: ['localhost'] };
const DOMAIN = 'localhost';
const endpoint = (host: string) => ({ host, port: 1, directTls: true });

test.each([
  [['localhost'], false],
  [['127.0.0.1'], true],
  [['localhost', '127.0.0.1'], true],
  [['127.0.0.1', 'localhost'], true],
])('of %j it is known whether any was tried by the proxy (R1301)', async (hosts, is) => {
  const { signal } = new AbortController();
  const failed = await dial(hosts.map(endpoint), { domain: DOMAIN, proxy: PROXY, signal }).catch(
    (error) => error,
  );
  expect([failed.constructor, wentByProxy(failed)]).toEqual([ConnectionFailed, is]);
});

test.each([
  [new ConnectionFailed('not online after 30 s'), true],
  ['no error', false],
])('of what was given up with %j, too, while a proxy said nothing (R1301)', async (reason, is) => {
  const accepted: Socket[] = [];
  const silent = createServer((socket) => void accepted.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const late = new AbortController();
  const dialling = dial([endpoint('127.0.0.1')], {
    ...{ domain: DOMAIN, proxy: { ...PROXY, port }, signal: late.signal },
  }).catch((error) => error);
  await once(silent, 'connection');
  late.abort(reason);
  const failed = await dialling;
  for (const socket of accepted) socket.destroy();
  silent.close();
  expect(failed).toBe(reason);
  expect(wentByProxy(reason as Error)).toBe(is);
});
