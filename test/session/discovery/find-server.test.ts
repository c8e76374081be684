import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Endpoint, webSocketEndpoint } from '../../../src/session/dial/endpoints.js';
import { findServer } from '../../../src/session/discovery/find-server.js';
import { ownHints } from '../../../src/session/hints.js';
import {
  ConnectionFailed,
  ServerNotTrusted,
} from '../../../src/session/stream/connection-errors.js';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../support/servers/certificates.js';
import type { Identity } from '../../support/servers/scripted-server.js';
import { readIdentity } from '../hostile-server/hostile-server.js';
import { webSocketServer } from '../hostile-server/web-socket-server.js';

const DOMAIN = 'montague.example';
const NO_HOST_META = new Error('montague.example has no host-meta (404)');
const ADVICE = 'check the network, the domain, and --service';

let folder: string;
let ca: CertificateAuthority;
let own: Identity;
let others: Identity;
const open: { stop(): unknown }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-find-'));
  ca = await createCertificateAuthority(folder);
  own = await readIdentity(ca.issue(DOMAIN));
  others = await readIdentity(ca.issue('evil.example'));
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});
afterAll(() => rm(folder, { recursive: true }));

const portOf = (server: net.Server) => (server.address() as net.AddressInfo).port;
const at = (port: number, directTls = true): Endpoint => ({ host: '127.0.0.1', port, directTls });

async function listening(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  return portOf(server);
}

/** A port at which nobody listens. */
async function closed(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** A port behind which nobody ever says anything. */
const silent = () => listening(net.createServer());

const speakingTls = (identity = own) => listening(tls.createServer(identity, () => undefined));

/** What says of each domain that it does not serve it. */
const servingOthers = () =>
  listening(
    net.createServer((socket) =>
      socket.end(
        `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`,
      ),
    ),
  );

/** A WebSocket at which XMPP is spoken; its address. */
async function webSocket(
  identity = own,
  upgrade?: (request: unknown, connection: Duplex) => void,
): Promise<URL> {
  const options = { identity, ...(upgrade ? { upgrade } : {}) };
  const server = await webSocketServer(async ({ ended }) => ended, options);
  open.push(server);
  return new URL(`wss://127.0.0.1:${server.port}/xmpp`);
}

interface Known {
  endpoints?: Endpoint[];
  webSockets?: URL[] | Error;
}

/** Looks for the server of a domain of which this is known; what was asked for is kept. */
function finding({ endpoints = [], webSockets = NO_HOST_META }: Known, more: object = {}) {
  const asked: string[] = [];
  const outcome = findServer(
    { domain: DOMAIN, ca: ca.pem, signal: new AbortController().signal, ...more },
    {
      endpoints: async () => {
        asked.push('DNS');
        return endpoints;
      },
      webSockets: async () => {
        asked.push('host-meta');
        if (webSockets instanceof Error) throw webSockets;
        return webSockets;
      },
    },
  );
  const settled = outcome.then(
    ({ socket, endpoint }) => {
      socket.destroy();
      return endpoint;
    },
    (error: Error) => error,
  );
  return { asked, settled };
}

/** The endpoint of a WebSocket that host-meta names. */
const fallbackAt = (url: URL): Endpoint => ({ ...webSocketEndpoint(url), fromHostMeta: true });

const told = (error: unknown) => {
  if (!(error instanceof Error)) throw new Error('it was found');
  return [error.message, ...ownHints(error)].map((line) => line.replaceAll(/\b\d{4,}\b/g, '…'));
};

test('a server that DNS names is connected to, and host-meta is not asked (R1128)', async () => {
  const port = await speakingTls();
  const { asked, settled } = finding({
    endpoints: [at(await closed()), at(port)],
    webSockets: [await webSocket()],
  });
  expect(await settled).toEqual(at(port));
  expect(asked).toEqual(['DNS']);
});

test('whoever waits for less hears whom each way waits for, one after the other (R1307)', async () => {
  const waits: string[] = [];
  const onWait = (why: () => string) => waits.push(why());
  const [first, second] = [at(await closed()), at(await speakingTls())];
  await finding({ endpoints: [first, second] }, { onWait }).settled;
  expect(waits).toEqual([
    `DNS does not say where ${DOMAIN} is`,
    `127.0.0.1 port ${first.port} does not answer`,
    `127.0.0.1 port ${second.port} does not answer`,
  ]);
});

test('a WebSocket of the domain is connected to where none of those can be (R1128)', async () => {
  const [gone, url] = [new URL(`wss://127.0.0.1:${await closed()}/`), await webSocket()];
  const { asked, settled } = finding({
    endpoints: [at(await closed()), at(await closed(), false)],
    webSockets: [gone, url],
  });
  expect(await settled).toEqual(fallbackAt(url));
  expect(asked).toEqual(['DNS', 'host-meta']);
});

test('a service that the user names is the only way (R1128)', async () => {
  const service = `xmpps://127.0.0.1:${await closed()}`;
  const { asked, settled } = finding({ webSockets: [await webSocket()] }, { service });
  expect(told(await settled)).toEqual([
    'cannot connect to 127.0.0.1 port … (nothing listens there)',
  ]);
  expect(asked).toEqual([]);
});

describe('no other way is tried, and why is told,', () => {
  test('where the certificate of a server is for another one (R1128)', async () => {
    const { asked, settled } = finding({
      endpoints: [at(await closed()), at(await speakingTls(others))],
      webSockets: [await webSocket()],
    });
    const error = await settled;
    expect(error).toBeInstanceOf(ServerNotTrusted);
    expect(told(error)).toEqual([
      expect.stringMatching(/^the server's certificate is not trusted for montague\.example: /),
      'cannot connect to 127.0.0.1 port … (nothing listens there)',
      'is it the server of this account?',
    ]);
    expect(asked).toEqual(['DNS']);
  });

  test('where a server does not serve the domain (R1128)', async () => {
    const { asked, settled } = finding({
      endpoints: [at(await closed()), at(await servingOthers(), false)],
      webSockets: [await webSocket()],
    });
    expect(told(await settled)).toEqual([
      '127.0.0.1 port … does not serve montague.example',
      'cannot connect to 127.0.0.1 port … (nothing listens there)',
      ADVICE,
    ]);
    expect(asked).toEqual(['DNS']);
  });

  test('where nobody is to be waited for any longer (R1128)', async () => {
    const interrupt = new AbortController();
    const { settled } = finding({ endpoints: [at(await silent())] }, { signal: interrupt.signal });
    interrupt.abort(new Error('interrupted'));
    expect(told(await settled)).toEqual(['interrupted']);
  });
});

describe('where there is no way, each is told with why,', () => {
  test('and that there is no host-meta (R1129)', async () => {
    const { settled } = finding({ endpoints: [at(await closed()), at(await closed(), false)] });
    const error = await settled;
    expect(error).toBeInstanceOf(ConnectionFailed);
    const refused = 'cannot connect to 127.0.0.1 port … (nothing listens there)';
    expect(told(error)).toEqual([
      ...[refused, refused, 'nor by WebSocket: montague.example has no host-meta (404)'],
      ADVICE,
    ]);
  });

  test('and that the certificate of the host-meta is for another one (R1129)', async () => {
    const untrusted = new ServerNotTrusted('the certificate of montague.example is not trusted: x');
    const { settled } = finding({ endpoints: [at(await closed())], webSockets: untrusted });
    const error = await settled;
    expect(error).toBeInstanceOf(ConnectionFailed);
    expect(told(error).slice(1)).toEqual([`nor by WebSocket: ${untrusted.message}`, ADVICE]);
  });

  test('and that there is no WebSocket where one was named (R1129)', async () => {
    const upgrade = (_request: unknown, connection: Duplex) =>
      void connection.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
    const url = await webSocket(own, upgrade);
    const { settled } = finding({ endpoints: [at(await closed())], webSockets: [url] });
    expect(told(await settled).slice(1)).toEqual([
      'cannot connect to 127.0.0.1 port … (there is no WebSocket: HTTP 404)',
      ADVICE,
    ]);
  });

  test('and that the certificate of the WebSocket is for another one (R1129)', async () => {
    const { settled } = finding({
      endpoints: [at(await closed())],
      webSockets: [await webSocket(others)],
    });
    const error = await settled;
    expect(error).toBeInstanceOf(ServerNotTrusted);
    expect(told(error)).toEqual([
      expect.stringMatching(
        /^the server's certificate is not trusted for 127\.0\.0\.1 or montague/,
      ),
      'cannot connect to 127.0.0.1 port … (nothing listens there)',
      'is it the server of this account?',
    ]);
  });
});

describe('a session goes back', () => {
  test('by the WebSocket that it came by, and nothing else is asked (R1130)', async () => {
    const last = webSocketEndpoint(await webSocket());
    const { asked, settled } = finding({ endpoints: [at(await speakingTls())] }, { last });
    expect(await settled).toEqual(last);
    expect(asked).toEqual([]);
  });

  test('by any way where that one is gone (R1130)', async () => {
    const last = webSocketEndpoint(new URL(`wss://127.0.0.1:${await closed()}/`));
    const endpoint = at(await speakingTls());
    const { asked, settled } = finding({ endpoints: [endpoint] }, { last });
    expect(await settled).toEqual(endpoint);
    expect(asked).toEqual(['DNS']);
  });

  test('by what DNS names where it came by TCP (R1130)', async () => {
    const [last, endpoint] = [at(await speakingTls()), at(await speakingTls())];
    const { settled } = finding({ endpoints: [endpoint] }, { last });
    expect(await settled).toEqual(endpoint);
  });
});

describe('behind a firewall that drops packets', () => {
  afterEach(() => void jest.useRealTimers());

  /** Lets the wait for it pass as soon as it has been connected to. */
  const dropping = () =>
    listening(
      net.createServer((socket) =>
        socket.once('data', () => setImmediate(() => jest.advanceTimersToNextTimer())),
      ),
    );

  /** Begins with a clock that stands still; resolves to how many milliseconds it went on. */
  async function timeOf(found: () => Promise<unknown>): Promise<number> {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const begun = performance.now();
    await found();
    return Math.round(performance.now() - begun);
  }

  const several = <Made>(count: number, make: () => Promise<Made>) =>
    Promise.all(Array.from({ length: count }, make));

  test.each([1, 2, 5, 12, 30])('%i endpoints leave time for a WebSocket (R1131)', async (count) => {
    const ports = await several(count, dropping);
    const url = await webSocket();
    const known = { endpoints: ports.map((port) => at(port)), webSockets: [url] };
    let found: unknown;
    const time = await timeOf(async () => {
      found = await finding(known).settled;
    });
    expect(found).toEqual(fallbackAt(url));
    expect(time).toBe(12_000);
  });

  test('a WebSocket that was the last way leaves time for all others (R1228)', async () => {
    const ports = await several(6, dropping);
    const [lost, ...rest] = ports.map((port) => new URL(`wss://127.0.0.1:${port}/`));
    const last = webSocketEndpoint(lost as URL);
    const url = await webSocket();
    const known = { endpoints: rest.map(({ port }) => at(Number(port))), webSockets: [url] };
    let found: unknown;
    const time = await timeOf(async () => {
      found = await finding(known, { last }).settled;
    });
    expect(found).toEqual({ ...webSocketEndpoint(url), fromHostMeta: true });
    expect(time).toBe(12_000);
  });

  test('WebSockets that say nothing, too, are given up before the login is (R1131)', async () => {
    const [port, ...others] = await several(4, dropping);
    const urls = others.map((one) => new URL(`wss://127.0.0.1:${one}/`));
    let error: unknown;
    const time = await timeOf(async () => {
      error = await finding({ endpoints: [at(port as number)], webSockets: urls }).settled;
    });
    expect(time).toBe(20_000);
    expect(told(error)).toEqual([
      ...Array.from({ length: 4 }, () => '127.0.0.1 port … does not answer'),
      ADVICE,
    ]);
  });
});
