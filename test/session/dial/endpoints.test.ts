import type { SrvRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import net from 'node:net';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from '@jest/globals';
import { dial } from '../../../src/session/dial/dial.js';
import {
  type Endpoint,
  lookUp as lookUpAt,
  MalformedService,
  parseService,
} from '../../../src/session/dial/endpoints.js';
import { ownHints } from '../../../src/session/hints.js';
import { ConnectionFailed } from '../../../src/session/stream/connection-errors.js';
import { ManualClock } from '../../support/manual-clock.js';
import { dnsServer } from '../dns-server.js';

function hintsOf(service: string): readonly string[] {
  try {
    parseService(service);
    return [];
  } catch (error) {
    return ownHints(error as Error);
  }
}

describe('a service', () => {
  test.each([
    ['xmpp://chat.example', 'chat.example', 5222, false],
    ['xmpps://chat.example', 'chat.example', 5223, true],
    ['xmpp://chat.example:15222', 'chat.example', 15_222, false],
    ['xmpps://chat.example:443', 'chat.example', 443, true],
    ['XMPPS://Chat.Example:443', 'Chat.Example', 443, true],
    ['xmpp://chat.example/', 'chat.example', 5222, false],
    ['xmpp://127.0.0.1:1', '127.0.0.1', 1, false],
    ['xmpp://[::1]', '::1', 5222, false],
    ['xmpps://[2001:db8::1]:65535', '2001:db8::1', 65_535, true],
    // RFC 4007 §11, RFC 6874
    ['xmpp://[fe80::1%eth0]', 'fe80::1%eth0', 5222, false],
    ['xmpps://[fe80::1%25lo]:443', 'fe80::1%lo', 443, true],
    ['xmpp://[::ffff:192.0.2.1]', '::ffff:192.0.2.1', 5222, false],
    ['xmpp://bücher.example', 'bücher.example', 5222, false],
  ])('%s is a host, a port and a kind of encryption', (service, host, port, directTls) => {
    expect(parseService(service)).toEqual({ host, port, directTls });
  });

  test.each([
    '',
    'chat.example',
    'chat.example:5222',
    'xmpp:chat.example',
    'xmpp:/chat.example',
    'xmpp://',
    'xmpp://:5222',
    'http://chat.example',
    'https://chat.example',
    'xmppss://chat.example',
    'xmpp://chat.example:0',
    'xmpp://chat.example:65536',
    'xmpp://chat.example:99999999999',
    'xmpp://chat.example:',
    'xmpp://chat.example:a',
    'xmpp://chat.example:-1',
    'xmpp://::1',
    'xmpp://[::1',
    'xmpp://::1]',
    'xmpp://[chat.example]',
    'xmpp://romeo@chat.example',
    'xmpp://romeo:secret@chat.example',
    'xmpp://chat.example/path',
    'xmpp://chat.example?query',
    'xmpp://chat.example#part',
    ' xmpp://chat.example',
    'xmpp://chat.example\n',
    'xmpp://chat example',
    'xmpp://chat.example xmpp://other.example',
  ])('%j is none', (service) => {
    expect(() => parseService(service)).toThrow(MalformedService);
  });

  test.each([
    ['wss://chat.example/xmpp?a=b', 'chat.example', 443, '/xmpp?a=b'],
    ['WSS://Chat.Example:5443', 'chat.example', 5443, '/'],
    ['wss://[2001:db8::1]:65535/ws', '2001:db8::1', 65_535, '/ws'],
    ['wss://bücher.example/', 'xn--bcher-kva.example', 443, '/'],
  ])('%s is a WebSocket, by TLS from the start (R1110)', (service, host, port, path) => {
    const { webSocket, ...rest } = parseService(service);
    expect(rest).toEqual({ host, port, directTls: true });
    expect(webSocket && webSocket.pathname + webSocket.search).toBe(path);
  });

  test.each([
    'wss:',
    'wss://',
    'wss://chat.example:0/',
    'wss://chat.example:65536/',
    'wss://romeo@chat.example/',
    'wss://romeo:secret@chat.example/',
    'wss://chat.example/#part',
    'wss://[fe80::1%25lo]/',
    'wss://chat example/',
  ])('%j is none (R1110)', (service) => {
    expect(() => parseService(service)).toThrow(MalformedService);
  });

  test.each(['ws://chat.example/', 'WS://127.0.0.1:5280/xmpp-websocket'])(
    '%s would be in the clear, and is none (R1110)',
    (service) => {
      const shown = service.replace(/(\w\/).+/, '$1…');
      expect(() => parseService(service)).toThrow(`"${shown}" is not encrypted`);
    },
  );

  test('that is none is named in the error, with what would be one', () => {
    expect(() => parseService('http://x')).toThrow('"http://x" is not a service');
    expect(hintsOf('http://x')).toEqual([
      'give xmpp://host:port (STARTTLS), xmpps://host:port (TLS from the start) or wss://host/path (WebSocket)',
    ]);
  });
});

describe('the endpoints of a domain', () => {
  const STARTTLS = '_xmpp-client._tcp.capulet.example';
  const DIRECT = '_xmpps-client._tcp.capulet.example';
  let server: Awaited<ReturnType<typeof dnsServer>>;
  const never = new AbortController().signal;

  function lookUp(domain: string, signal = never): Promise<Endpoint[]> {
    const resolver = new Resolver();
    resolver.setServers([server.address]);
    return lookUpAt(domain, signal, resolver);
  }

  const record = (name: string, { priority = 0, weight = 0, port = 5222 } = {}) => ({
    ...{ name, priority, weight, port },
  });
  const hosts = async () => (await lookUp('capulet.example')).map(({ host }) => host);

  beforeAll(async () => {
    server = await dnsServer();
  });

  beforeEach(() => {
    server.zone = {};
    server.asked.length = 0;
  });

  afterAll(() => server.close());

  test('are those of its records, with and without STARTTLS', async () => {
    server.zone = {
      [STARTTLS]: [record('a.example', { port: 5222, priority: 2 })],
      [DIRECT]: [record('b.example', { port: 443, priority: 1 })],
    };
    expect(await lookUp('capulet.example')).toMatchObject([
      { host: 'b.example', port: 443, directTls: true },
      { host: 'a.example', port: 5222, directTls: false },
    ]);
    expect(server.asked.sort()).toEqual([STARTTLS, DIRECT]);
  });

  test('come in the order of their priority, direct TLS first among equals', async () => {
    server.zone = {
      [STARTTLS]: [
        record('third.example', { priority: 30 }),
        record('first.example', { priority: 10 }),
        record('fifth.example', { priority: 65_535 }),
      ],
      [DIRECT]: [
        record('fourth.example', { priority: 31 }),
        record('second.example', { priority: 10 + 1 }),
      ],
    };
    expect(await hosts()).toEqual(
      ['first', 'second', 'third', 'fourth', 'fifth'].map((name) => `${name}.example`),
    );
    server.zone = { [STARTTLS]: [record('plain.example')], [DIRECT]: [record('direct.example')] };
    expect(await hosts()).toEqual(['direct.example', 'plain.example']);
  });

  test('of equal priority are drawn by their weight', async () => {
    server.zone = {
      [STARTTLS]: [
        record('none.example', { weight: 0 }),
        record('light.example', { weight: 10 }),
        record('heavy.example', { weight: 90 }),
      ],
    };
    const random = jest.spyOn(Math, 'random').mockReturnValue(0.5);
    try {
      expect(await hosts()).toEqual(['heavy.example', 'light.example', 'none.example']);
      // The light one is lucky: 0.99 ** (1 / 10) is more than 0.5 ** (1 / 90).
      random.mockImplementation(() => 0.5);
      random.mockReturnValueOnce(0.999).mockReturnValueOnce(0.5);
      expect(await hosts()).toEqual(['light.example', 'heavy.example', 'none.example']);
    } finally {
      random.mockRestore();
    }
  });

  test('come first as often as their weight says', async () => {
    server.zone = {
      [STARTTLS]: [
        record('light.example', { weight: 25 }),
        record('heavy.example', { weight: 75 }),
      ],
    };
    let state = 1;
    const random = jest.spyOn(Math, 'random').mockImplementation(() => {
      state = (state * 48_271) % 2_147_483_647; // Park and Miller: the same numbers each time
      return state / 2_147_483_647;
    });
    try {
      let heavy = 0;
      for (let count = 0; count < 400; count += 1) {
        const [first] = await hosts();
        if (first === 'heavy.example') heavy += 1;
      }
      expect(heavy).toBeGreaterThan(400 * 0.68);
      expect(heavy).toBeLessThan(400 * 0.82);
    } finally {
      random.mockRestore();
    }
  });

  test('are port 5222 of the domain itself where there are no records', async () => {
    const itself = [{ host: 'capulet.example', port: 5222, directTls: false }];
    expect(await lookUp('capulet.example')).toEqual(itself);
    server.zone = { [STARTTLS]: 'failure', [DIRECT]: 'failure' };
    expect(await lookUp('capulet.example')).toEqual(itself);
    server.zone = { [STARTTLS]: [], [DIRECT]: [] };
    expect(await lookUp('capulet.example')).toEqual(itself);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['[2001:db8::1]', '2001:db8::1'],
  ])('are not asked for where it is an address: %s (R1127)', async (domain, host) => {
    expect(await lookUp(domain)).toEqual([{ host, port: 5222, directTls: false }]);
    expect(server.asked).toEqual([]);
  });

  test('are not waited for any more when that is wanted', async () => {
    server.zone = { [STARTTLS]: 'silence', [DIRECT]: 'silence' };
    const interrupt = new AbortController();
    const found = lookUp('capulet.example', interrupt.signal);
    interrupt.abort(new Error('interrupted'));
    await expect(found).rejects.toThrow('interrupted');
  });

  /** A resolver that has the records of one name, and never answers for another one until it is cancelled. */
  function halfSilent(known: Record<string, SrvRecord[]>) {
    const cancelled = new AbortController();
    const silence = new Promise<never>((_, reject) => {
      cancelled.signal.addEventListener('abort', () => reject(new Error('ECANCELLED')));
    });
    return {
      resolveSrv: (name: string) => (known[name] ? Promise.resolve(known[name]) : silence),
      cancel: () => cancelled.abort(),
    };
  }

  test.each([
    ['one', { [DIRECT]: [record('b.example', { port: 5223 })] }, 'b.example'],
    ['the other', { [STARTTLS]: [record('a.example')] }, 'a.example'],
    ['either', {}, 'capulet.example'],
  ])('are what is known after 3 s where nobody answers for %s (R99)', async (_, known, host) => {
    const clock = new ManualClock();
    const found = lookUpAt('capulet.example', never, halfSilent(known), clock);
    await clock.advance(3_000);
    expect(await found).toMatchObject([{ host }]);
  });

  test('are those of one kind where only that is known', async () => {
    server.zone = { [DIRECT]: [record('b.example', { port: 5223 })], [STARTTLS]: 'failure' };
    expect(await hosts()).toEqual(['b.example']);
    server.zone = { [STARTTLS]: [record('a.example')] };
    expect(await hosts()).toEqual(['a.example']);
  });

  // RFC 2782: "a Target of "." means that the service is decidedly not available at this domain."
  test('are not those of a kind that the domain says it does not have', async () => {
    server.zone = { [STARTTLS]: [record('a.example')], [DIRECT]: [record('.', { port: 0 })] };
    expect(await hosts()).toEqual(['a.example']);
  });
});

describe('an endpoint that is not the last one', () => {
  const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
  const FEATURES = `<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>`;
  const PROCEED = `<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`;
  const TLS_HANDSHAKE = 0x16;
  let silent: net.Server;
  let busy: net.Server;

  beforeEach(async () => {
    silent = net.createServer().listen(0, '127.0.0.1');
    busy = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await Promise.all([once(silent, 'listening'), once(busy, 'listening')]);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });

  afterEach(() => {
    jest.useRealTimers();
    silent.close();
    busy.close();
  });

  /** Dials both, and resolves when the first one is connected. */
  async function dialling(directTls: boolean) {
    const endpoints = [silent, busy].map((server) => ({
      ...{ host: '127.0.0.1', port: (server.address() as net.AddressInfo).port, directTls },
    }));
    const connection = once(silent, 'connection');
    const dialled = dial(endpoints, { domain: 'localhost', signal: new AbortController().signal });
    const outcome = dialled.then(
      () => undefined,
      (error: Error) => error,
    );
    const [socket] = (await connection) as [net.Socket];
    socket.on('error', () => undefined); // it is cut off in the end
    return { socket, outcome, next: once(busy, 'connection') };
  }

  test('leaves time for the next one when it does not answer', async () => {
    const { outcome, next } = await dialling(true);
    jest.advanceTimersByTime(5_000);
    await next;
    expect(await outcome).toBeInstanceOf(ConnectionFailed);
    expect(await outcome).toHaveProperty('message', expect.stringContaining('does not answer'));
  });

  test('has its time anew after each sign of life (R99)', async () => {
    const { socket, outcome, next } = await dialling(false);
    for (const text of [HEADER + FEATURES, PROCEED]) {
      await once(socket, 'data');
      jest.advanceTimersByTime(4_000);
      socket.write(text);
    }
    const [hello] = (await once(socket, 'data')) as [Buffer];
    expect(hello[0]).toBe(TLS_HANDSHAKE);
    jest.advanceTimersByTime(5_000);
    await next;
    expect(await outcome).toBeInstanceOf(ConnectionFailed);
    expect(await outcome).toHaveProperty('message', expect.stringContaining('does not answer'));
  });
});

test('a host says of each of its addresses why it could not be reached (R99, R1295)', async () => {
  const closed = net.createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as net.AddressInfo;
  closed.close();
  await once(closed, 'close');
  const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
  const dialled = dial([{ host: 'capulet.example', port, directTls: true }], {
    domain: 'capulet.example',
    signal: new AbortController().signal,
    lookup: (_host, _options, callback) => callback(null, addresses),
  });
  await expect(dialled).rejects.toThrow(
    '(127.0.0.1: nothing listens there, 127.0.0.2: nothing listens there)',
  );
});
