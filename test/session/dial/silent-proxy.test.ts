import { once } from 'node:events';
import net, { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { dial } from '../../../src/session/dial/dial.js';
import { parseService } from '../../../src/session/dial/endpoints.js';
import { beginRequest } from '../../../src/session/dial/https-request.js';
import { type NetworkProxy, parseProxy } from '../../../src/session/dial/proxy.js';
import { throughProxy, whyUnanswered } from '../../../src/session/dial/through-proxy.js';
import { askHostMeta } from '../../../src/session/discovery/host-meta.js';
import { openStream } from '../../../src/session/login/open-stream.js';
import { tlsSettings } from '../../../src/session/stream/certificates.js';
import { ManualClock } from '../../support/manual-clock.js';

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
});

/** A proxy that says these, one after each thing that it hears, and then no more; it closes nothing by itself. */
async function silentAfter(scheme: string, says: readonly Buffer[]) {
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
  return { proxy: parseProxy(`${scheme}127.0.0.1:${port}`), heard };
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
  ['a SOCKS5 proxy that says nothing', 'socks5://', []],
  ['a SOCKS5 proxy that stops after its greeting', 'socks5://', SOCKS5.slice(0, 1)],
  ['a SOCKS5 proxy that has silence behind it', 'socks5://', SOCKS5],
  ['an HTTP proxy that says nothing', 'http://', []],
  ['an HTTP proxy that has silence behind it', 'http://', [Buffer.from('HTTP/1.1 200 OK\r\n\r\n')]],
])('%s', (_name, scheme, says) => {
  test.each(ATTEMPTS)('keeps no connection of %s that is given up (R1247)', async (_what, make) => {
    const { proxy, heard } = await silentAfter(scheme, says);
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

/** Bytes that the answer to CONNECT ends with, which are read at once: an address, and a port. */
const LAST_BYTES = 6;

/** Aborts so many microtasks after the last bytes of a SOCKS5 proxy's answer are read. */
function abortBehindAnswer(late: AbortController, microtasks: number): void {
  const abort = async () => {
    for (let count = 0; count < microtasks; count += 1) await undefined;
    late.abort(new Error('too late'));
  };
  const { connect } = net;
  jest.spyOn(net, 'connect').mockImplementationOnce(((options: net.NetConnectOpts) => {
    const socket = connect(options);
    const read = socket.read.bind(socket);
    socket.read = (bytes) => {
      const found = read(bytes);
      if (found && bytes === LAST_BYTES) void abort();
      return found;
    };
    return socket;
  }) as typeof net.connect);
}

// The last is a connection alone: whoever has it has to see to it.
test.each(ATTEMPTS.slice(0, -1))(
  'no connection is kept of %s that is given up in whichever moment behind the answer of a proxy (R1247)',
  async (_what, make) => {
    for (let microtasks = 0; microtasks < 20; microtasks += 1) {
      const { proxy } = await silentAfter('socks5://', SOCKS5);
      const accepted = once(server as Server, 'connection') as Promise<[Socket]>;
      const late = new AbortController();
      abortBehindAnswer(late, microtasks);
      const attempt = make(proxy, late.signal);
      attempt.catch(() => undefined);
      const [socket] = await accepted;
      const closed = once(socket, 'close');
      await expect(attempt).rejects.toThrow('too late');
      await closed;
      server?.close();
    }
    jest.restoreAllMocks();
  },
);

test('a request that is given up while a proxy says nothing fails by an error without a code (R1278)', async () => {
  const { proxy, heard } = await silentAfter('socks5://', []);
  const url = new URL('https://example.org/');
  const asked = beginRequest(url, { method: 'GET', headers: {} }, tlsSettings({}), { proxy });
  asked.end();
  await heard;
  const failed = once(asked, 'error');
  asked.destroy();
  expect(await failed).toEqual([new Error('it was given up')]);
});

const CHOSEN_PASSWORD = Buffer.of(5, 2);
const HTTP_OK = Buffer.from('HTTP/1.1 200 OK\r\n\r\n');

const theProxy = (_who: string, { host, port }: NetworkProxy) =>
  `the proxy ${host} port ${port} does not answer`;
const theServer = (who: string, { host, port }: NetworkProxy) =>
  `${who} does not answer, by the proxy ${host} port ${port}`;

describe.each([
  ['socks5://', 'says nothing', [], theProxy],
  [
    'socks5://romeo:secret@',
    'says no more once it has asked for the login',
    [CHOSEN_PASSWORD],
    theProxy,
  ],
  [
    'socks5://',
    'has said all but whether it has reached the server',
    SOCKS5.slice(0, 1),
    theServer,
  ],
  ['socks5://', 'has reached the server', SOCKS5, theServer],
  ['http://', 'has not said whether it has reached the server', [], theServer],
  ['http://', 'has reached the server', [HTTP_OK], theServer],
])('where a proxy at %s… %s', (scheme, _what, says, told) => {
  test('whoever is silent is told of by a connection (R1249, R1274)', async () => {
    const { proxy, heard } = await silentAfter(scheme, says);
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const { signal } = new AbortController();
      const options = { domain: 'example.org', proxy, signal, silence: 1_000 };
      const reached = dial([parseService('xmpp://example.org:5222')], options);
      const why = reached.catch(({ message }: Error) => message);
      await heard;
      jest.advanceTimersByTime(1_000);
      expect(await why).toBe(told('example.org port 5222', proxy));
    } finally {
      jest.useRealTimers();
    }
  });

  test.each([
    ['xmpp://example.org:5222', 5222],
    ['xmpps://example.org:5223', 5223],
    ['wss://example.org/xmpp', 443],
    [undefined, 5222],
  ])(
    'whoever is silent is told of by a login that takes too long, by --service %s (R1307)',
    async (service, port) => {
      const { proxy, heard } = await silentAfter(scheme, says);
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
      try {
        const attempt = { timeout: 10_000, signal: new AbortController().signal };
        const options = { account: 'romeo@example.org', password: 'secret', proxy, service };
        const outcome = openStream(options, attempt, async () => undefined);
        const why = outcome.catch(({ message }: Error) => message);
        await heard;
        jest.advanceTimersByTime(10_000);
        const silent = told(`example.org port ${port}`, proxy);
        expect(await why).toBe(`not online after 10 s: ${silent}`);
      } finally {
        jest.useRealTimers();
      }
    },
  );

  test('whoever is silent is told of by a request (R1274)', async () => {
    const { proxy, heard } = await silentAfter(scheme, says);
    const url = new URL('https://example.org/');
    const asked = beginRequest(url, { method: 'GET', headers: {} }, tlsSettings({}), { proxy });
    asked.on('error', () => undefined).end();
    await heard;
    expect(whyUnanswered(asked, 'example.org')).toBe(told('example.org', proxy));
    asked.destroy();
  });

  test('whoever is silent is told of by host-meta, to those who wait for less, too (R1274, R1307)', async () => {
    const { proxy, heard } = await silentAfter(scheme, says);
    const clock = new ManualClock();
    const { signal } = new AbortController();
    let whySilent = () => '';
    const onWait = (why: () => string) => {
      whySilent = why;
    };
    const asked = askHostMeta(new URL('https://example.org'), { proxy, signal, clock, onWait });
    const why = asked.catch(({ message }: Error) => message);
    await heard;
    expect(whySilent()).toBe(told('example.org', proxy));
    await clock.advance(5_000);
    expect(await why).toBe(told('example.org', proxy));
  });
});
