import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { dial } from '../../../src/session/dial/dial.js';
import { parseService } from '../../../src/session/dial/endpoints.js';
import { beginRequest } from '../../../src/session/dial/https-request.js';
import { type NetworkProxy, parseProxy } from '../../../src/session/dial/proxy.js';
import { throughProxy } from '../../../src/session/dial/through-proxy.js';
import { askHostMeta } from '../../../src/session/discovery/host-meta.js';
import { tlsSettings } from '../../../src/session/stream/certificates.js';

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
});

/** A proxy that says these, one after each thing that it hears, and then no more; it closes nothing by itself. */
async function silentAfter(kind: string, says: readonly Buffer[]) {
  let heardAll = (_socket: Socket): void => undefined;
  const heard = new Promise<Socket>((resolve) => {
    heardAll = resolve;
  });
  server = createServer((socket) => {
    const left = [...says];
    sockets.add(socket.on('error', () => undefined));
    socket.on('data', () => {
      const said = left.shift();
      if (said) socket.write(said);
      else heardAll(socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { proxy: parseProxy(`${kind}://127.0.0.1:${port}`), heard };
}

type Attempt = (proxy: NetworkProxy, signal: AbortSignal) => Promise<unknown>;

const dialled =
  (service: string): Attempt =>
  (proxy, signal) =>
    dial([parseService(service)], { domain: 'example.org', proxy, signal });

const requested: Attempt = async (proxy, signal) => {
  const url = new URL('https://example.org/');
  const asked = beginRequest(url, { method: 'GET', headers: {} }, tlsSettings({}), { proxy });
  asked.on('error', () => undefined).end();
  await once(signal, 'abort');
  asked.destroy();
  throw signal.reason;
};

const ATTEMPTS: readonly [string, Attempt][] = [
  ['a stream with STARTTLS', dialled('xmpp://example.org:5222')],
  ['a stream in TLS', dialled('xmpps://example.org:5223')],
  ['a WebSocket', dialled('wss://example.org/xmpp')],
  ['host-meta', (proxy, signal) => askHostMeta(new URL('https://example.org'), { proxy, signal })],
  ['a request', requested],
  [
    'a connection',
    async (proxy, signal) => {
      // What is behind it says nothing either, which whoever has the connection has to see to.
      const socket = await throughProxy(proxy, { host: 'example.org', port: 1 }, signal);
      socket.write('?');
      await once(signal, 'abort');
      socket.destroy();
      throw signal.reason;
    },
  ],
];

const SOCKS5 = [Buffer.of(5, 0), Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)];

describe.each([
  ['a SOCKS5 proxy that says nothing', 'socks5', []],
  ['a SOCKS5 proxy that stops after its greeting', 'socks5', SOCKS5.slice(0, 1)],
  ['a SOCKS5 proxy that has silence behind it', 'socks5', SOCKS5],
  ['an HTTP proxy that says nothing', 'http', []],
  ['an HTTP proxy that has silence behind it', 'http', [Buffer.from('HTTP/1.1 200 OK\r\n\r\n')]],
])('%s', (_name, kind, says) => {
  test.each(ATTEMPTS)('keeps no connection of %s that is given up (R1247)', async (_what, make) => {
    const { proxy, heard } = await silentAfter(kind, says);
    const late = new AbortController();
    const attempt = make(proxy, late.signal);
    attempt.catch(() => undefined);
    const socket = await heard;
    const closed = once(socket, 'close');
    late.abort(new Error('too late'));
    await expect(attempt).rejects.toThrow('too late');
    await closed;
  });
});

test.each([
  ['the proxy, while it says nothing', [], (port: number) => `the proxy 127.0.0.1 port ${port}`],
  [
    'the server, while what is behind the proxy says nothing',
    SOCKS5,
    () => 'example.org port 5222',
  ],
])('it is %s, that does not answer (R1249)', async (_who, says, who) => {
  const { proxy } = await silentAfter('socks5', says);
  const { signal } = new AbortController();
  const options = { domain: 'example.org', proxy, signal, silence: 1 };
  const reached = dial([parseService('xmpp://example.org:5222')], options);
  await expect(reached).rejects.toThrow(`${who(proxy.port)} does not answer`);
});
