import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parseProxy } from '../../../src/session/dial/proxy.js';
import { askHostMeta, hostMetaSite } from '../../../src/session/discovery/host-meta.js';
import { ServerNotTrusted } from '../../../src/session/stream/connection-errors.js';
import { type HttpsServer, startHttpsServer } from '../../protocol/network/https-server.js';
import { ManualClock } from '../../support/manual-clock.js';
import { startMicrosocks } from '../../support/programs/network-proxies.js';
import { scriptedProxy } from '../scripted-proxy.js';

const NS = 'http://docs.oasis-open.org/ns/xri/xrd-1.0';
const WEBSOCKET = 'urn:xmpp:alt-connections:websocket';
const XRD = '/.well-known/host-meta';
const JRD = '/.well-known/host-meta.json';
const ADDRESS = 'wss://chat.example/ws';

const xrd = (...hrefs: string[]) =>
  `<XRD xmlns='${NS}'>${hrefs.map((href) => `<Link rel='${WEBSOCKET}' href='${href}'/>`).join('')}</XRD>`;
const jrd = (href: string) => JSON.stringify({ links: [{ rel: WEBSOCKET, href }] });

const servers: (Pick<HttpsServer, 'stop'> | Server)[] = [];
const never = new AbortController().signal;

afterEach(async () => {
  for (const server of servers.splice(0)) await ('stop' in server ? server.stop() : server.close());
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Asks a server of the test's own, and keeps which paths it was asked for. */
async function asking(answer: Answer, name?: string) {
  const asked: string[] = [];
  const server = await startHttpsServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  }, name);
  servers.push(server);
  const clock = new ManualClock();
  const interrupt = new AbortController();
  const ask = askHostMeta(new URL(server.origin), {
    ...{ ca: server.ca, signal: interrupt.signal, clock },
  });
  const outcome = ask.then(
    (urls) => urls.map(({ href }) => href),
    (error: Error) => error,
  );
  return { asked, clock, server, interrupt, outcome };
}

/** What lies at each path; nothing else does. */
const lying =
  (files: Record<string, string>): Answer =>
  ({ url = '' }, response) =>
    void response.writeHead(Object.hasOwn(files, url) ? 200 : 404).end(files[url]);

/** The message, without what changes from one run to the next. */
async function messageOf(outcome: Promise<unknown>): Promise<string> {
  const error = await outcome;
  if (!(error instanceof Error)) throw new Error(`no error: ${error}`);
  return error.message.replaceAll(/(localhost|::1|127\.0\.0\.1)(:| port )\d+/g, '$1$2…');
}

describe('a domain', () => {
  test.each([
    ['capulet.example', 'https://capulet.example/'],
    ['bücher.example', 'https://xn--bcher-kva.example/'],
    ['localhost', 'https://localhost/'],
    ['192.0.2.1', 'https://192.0.2.1/'],
    ['[2001:db8::1]', 'https://[2001:db8::1]/'],
  ])('%s is asked for its host-meta at %s (R1125)', (domain, site) => {
    expect(hostMetaSite(domain).href).toBe(site);
  });

  test.each([
    ...['::1', '[fe80::1%eth0]', 'capulet.example:8443', 'capulet.example?x', 'capulet.example#x'],
    ...['evil.example\\capulet.example', 'a b', 'evil.example%2f'],
  ])('is none that could be asked for it: %s (R1126)', (domain) => {
    expect(() => hostMetaSite(domain)).toThrow('no web server can be called ');
  });

  test('is asked for the XRD, as which each has it (R1125)', async () => {
    const { asked, outcome } = await asking(lying({ [XRD]: xrd(ADDRESS), [JRD]: 'x' }));
    expect(await outcome).toEqual([ADDRESS]);
    expect(asked).toEqual([XRD]);
  });

  test.each([
    ['lies nowhere', {}],
    ['is none', { [XRD]: '<html>' }],
    ['names no WebSocket', { [XRD]: xrd('https://chat.example/bosh') }],
    ['is too long', { [XRD]: ' '.repeat(65_537) }],
  ])('is asked for the JRD where the XRD %s (R1125)', async (_why, files: object) => {
    const { asked, outcome } = await asking(lying({ ...files, [JRD]: jrd(ADDRESS) }));
    expect(await outcome).toEqual([ADDRESS]);
    expect(asked).toEqual([XRD, JRD]);
  });

  test('is asked without compression (R1125)', async () => {
    let headers = {};
    const { outcome } = await asking((request, response) => {
      headers = request.headers;
      response.end(xrd(ADDRESS));
    });
    await outcome;
    expect(headers).toMatchObject({ 'accept-encoding': 'identity' });
  });

  test('may lead to another place of its own (R1125)', async () => {
    const { asked, outcome } = await asking(({ url }, response) => {
      if (url === XRD) response.writeHead(301, { location: '/meta' }).end();
      else response.end(xrd(ADDRESS));
    });
    expect(await outcome).toEqual([ADDRESS]);
    expect(asked).toEqual([XRD, '/meta']);
  });
});

describe('who answers for a domain is told of, and not believed,', () => {
  const redirecting =
    (status: number, location: string): Answer =>
    (_request, response) =>
      void response.writeHead(status, { location }).end();

  test.each<[string, string, Answer]>([
    ['has none', 'localhost:… has no host-meta (404)', lying({})],
    ['is broken', 'localhost:… has no host-meta (500)', (_, to) => void to.writeHead(500).end()],
    ['names nothing', 'localhost:… names no WebSocket', lying({ [XRD]: xrd(), [JRD]: '{}' })],
    [
      'names what is not encrypted',
      'localhost:… names no WebSocket',
      lying({ [XRD]: xrd('ws://chat.example/ws'), [JRD]: jrd('ws://chat.example/ws') }),
    ],
    ['sends a web page', 'what localhost:… sends is no host-meta', lying({ [XRD]: '<p>Log in' })],
    [
      'sends entities that grow',
      'what localhost:… sends is no host-meta',
      lying({ [XRD]: `<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>${xrd('&b;')}` }),
    ],
    [
      'sends what does not end',
      'the host-meta of localhost:… is too long',
      (_request, response) => {
        const more = () => void (response.destroyed || response.write('x'.repeat(65_536), more));
        response.on('error', () => undefined);
        more();
      },
    ],
    [
      'announces more than is read',
      'the host-meta of localhost:… is too long',
      (_request, response) => void response.end('x'.repeat(65_537)),
    ],
    [
      'compresses it',
      'what localhost:… sends is encoded',
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    ],
    [
      'leads to another host',
      'localhost:… leads elsewhere for its host-meta',
      redirecting(302, 'https://evil.example/.well-known/host-meta'),
    ],
    [
      'leads to another port',
      'localhost:… leads elsewhere for its host-meta',
      redirecting(301, 'https://localhost:1/.well-known/host-meta'),
    ],
    [
      'leads to what is not encrypted',
      'localhost:… leads elsewhere for its host-meta',
      redirecting(307, 'http://localhost/.well-known/host-meta'),
    ],
    [
      'leads nowhere',
      'localhost:… leads elsewhere for its host-meta',
      (_request, response) => void response.writeHead(308).end(),
    ],
    [
      'leads around in a circle',
      'localhost:… leads elsewhere for its host-meta',
      redirecting(302, XRD),
    ],
    [
      'cuts it off',
      'cannot get the host-meta of localhost:… (it closed the connection)',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write(xrd(ADDRESS), () => response.destroy());
      },
    ],
    [
      'hangs up',
      'cannot get the host-meta of localhost:… (it closed the connection)',
      (request) => void request.socket.destroy(),
    ],
    [
      'speaks no HTTP',
      'what localhost:… answers is no HTTP',
      (request) => void request.socket.end('SSH-2.0-OpenSSH\r\n\r\n'),
    ],
    [
      'sends endless headers',
      'what localhost:… answers is no HTTP',
      (request) => void request.socket.end(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`),
    ],
  ])('where it %s (R1126)', async (_what, why, answer) => {
    const { outcome } = await asking(answer);
    expect(await messageOf(outcome)).toBe(why);
  });

  test.each<[string, Answer]>([
    ['says nothing', () => undefined],
    ['says nothing more', (_request, response) => void response.write('<XRD')],
    [
      'says little at a time',
      (_request, response) => {
        const more = () =>
          void (response.destroyed || response.write(' ', () => setImmediate(more)));
        response.on('error', () => undefined);
        more();
      },
    ],
  ])('where it %s for 5 s (R1126)', async (_what, answer) => {
    let heard = () => {};
    const begun = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const { outcome, clock } = await asking((request, response) => {
      answer(request, response);
      heard();
    });
    await begun;
    await clock.advance(5_000);
    expect(await messageOf(outcome)).toBe('localhost:… does not answer');
  });

  test('where its certificate is for another one (R1126)', async () => {
    const { outcome, asked } = await asking(lying({ [XRD]: xrd(ADDRESS) }), 'evil.example');
    expect(await messageOf(outcome)).toMatch(
      /^the certificate of localhost:… is not trusted: Hostname\/IP does not match/,
    );
    expect(await outcome).toBeInstanceOf(ServerNotTrusted);
    expect(asked).toEqual([]);
  });

  test('where nobody trusts its certificate (R1126)', async () => {
    const { server } = await asking(lying({ [XRD]: xrd(ADDRESS) }));
    const asked = askHostMeta(new URL(server.origin), { signal: never });
    await expect(asked).rejects.toBeInstanceOf(ServerNotTrusted);
  });

  test('where nobody is there (R1126)', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as { port: number };
    closed.close();
    await once(closed, 'close');
    const asked = askHostMeta(new URL(`https://127.0.0.1:${port}`), { signal: never });
    expect(await messageOf(asked.catch((error: Error) => error))).toBe(
      'cannot get the host-meta of 127.0.0.1:… (nothing listens there)',
    );
  });
});

test('what goes wrong behind redirects is told once, and of the address where it does (R1225)', async () => {
  const ways: Record<string, string> = { [XRD]: '/a', '/a': '/b' };
  const { asked, outcome } = await asking((request, response) => {
    const location = ways[request.url ?? ''];
    if (location) response.writeHead(302, { location }).end();
    else request.socket.destroy();
  });
  expect(await messageOf(outcome)).toBe(
    'cannot get the host-meta of localhost:… (it closed the connection)',
  );
  expect(asked).toEqual([XRD, '/a', '/b']);
});

test.each([
  ['montague.onion', [], [ADDRESS, 'wss://chat.onion.example/ws']],
  ['montague.onion', ['wss://tybalt.onion/ws'], [ADDRESS, 'wss://tybalt.onion/ws']],
  ['montague.onion', ['wss://tybalt.onion./ws'], ['wss://tybalt.onion./ws', ADDRESS]],
  ['montague.example', [ADDRESS, 'wss://tybalt.onion/ws'], [ADDRESS, 'wss://tybalt.onion/ws']],
])('of what %s names only %p is taken (R1226)', async (name, taken, named) => {
  const server = await startHttpsServer(lying({ [XRD]: xrd(...named) }), name);
  servers.push(server);
  const network = await scriptedProxy(() => server.port);
  servers.push(network);
  const by = { ca: server.ca, signal: never, proxy: network.proxy };
  const found = askHostMeta(new URL(`https://${name}:${server.port}`), by);
  if (taken.length === 0) await expect(found).rejects.toThrow('names no WebSocket');
  else expect((await found).map(({ href }) => href)).toEqual(taken);
});

test('a domain is asked no longer when that is wanted (R1126)', async () => {
  const { outcome, interrupt } = await asking(() => interrupt.abort(new Error('interrupted')));
  expect(await messageOf(outcome)).toBe('interrupted');
});

test('a domain is asked by the proxy of the network, which alone finds its address (R1125)', async () => {
  const { server, outcome } = await asking(lying({ [XRD]: xrd(ADDRESS) }));
  await outcome;
  const proxy = await startMicrosocks();
  try {
    const by = { ca: server.ca, signal: never, proxy: parseProxy(proxy.uri) };
    expect((await askHostMeta(new URL(server.origin), by)).map(({ href }) => href)).toEqual([
      ADDRESS,
    ]);
    const log = proxy.log();
    expect(log).toContain(`localhost:${server.port}`);
  } finally {
    await proxy.stop();
  }
  const gone = askHostMeta(new URL(server.origin), {
    ...{ ca: server.ca, signal: never, proxy: parseProxy('socks5://127.0.0.1:1') },
  });
  await expect(gone).rejects.toThrow('by the proxy 127.0.0.1 port 1: ');
});
