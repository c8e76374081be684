import { once } from 'node:events';
import net, { createServer, type Server, Socket } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { MalformedProxy, parseProxy, proxyTo } from '../../../src/session/dial/proxy.js';
import { throughProxy } from '../../../src/session/dial/through-proxy.js';

describe('the address of a proxy', () => {
  test.each([
    ['socks5://proxy:1080', { kind: 'socks5', host: 'proxy', port: 1080, user: undefined }],
    ['socks5h://proxy:1080', { kind: 'socks5', host: 'proxy', port: 1080, user: undefined }],
    ['http://proxy:80/', { kind: 'http', host: 'proxy', port: 80, user: undefined }],
    ['socks5://[::1]:1080', { kind: 'socks5', host: '::1', port: 1080, user: undefined }],
    [
      'http://romeo:a%40b@10.0.0.1:3128',
      { kind: 'http', host: '10.0.0.1', port: 3128, user: { name: 'romeo', password: 'a@b' } },
    ],
  ])('%s is read (R1003)', (uri, expected) => {
    expect(parseProxy(uri)).toEqual({ ...expected, except: [] });
  });

  const NO_PORT = 'its port is no number from 1 to 65535';
  const NO_HOST = 'no host can be read in it';
  const BEHIND = 'nothing may stand behind the port';
  const NO_KIND = 'it begins with neither socks5:// nor http://';
  test.each([
    ['', NO_KIND],
    ['proxy:1080', NO_KIND],
    ['socks5:proxy:1080', NO_KIND],
    ['socks4://proxy:1', 'socks4:// is another kind of proxy'],
    ['HTTPS://proxy:1', 'none is spoken to by TLS (https://)'],
    ['socks5://proxy', 'it names no port'],
    ['socks5://:1', NO_HOST],
    ['http://', NO_HOST],
    ['http://[::1', NO_HOST],
    ['socks5://[fe80::1%25eth0]:1080', NO_HOST],
    ['http://[::1:1080', NO_HOST],
    ['http://a b:12345', NO_HOST],
    ['socks5://proxy:0', NO_PORT],
    ['socks5://proxy:99999', NO_PORT],
    ['http://romeo:secret@[::1]:123456', NO_PORT],
    ['http://proxy:abc/', NO_PORT],
    ['http://proxy:1/path', BEHIND],
    ['http://proxy:1?x', BEHIND],
    [`socks5://${'x'.repeat(256)}:y@proxy:1`, 'user or password has more than 255 bytes'],
    ['socks5://%ff:y@proxy:1', 'a "%" in user or password is followed by no UTF-8'],
  ])('%s is refused: %s (R1001, R1101)', (uri, why) => {
    expect(() => parseProxy(uri)).toThrow(MalformedProxy);
    expect(() => parseProxy(uri)).toThrow(
      ` is not the address of a proxy that inband can use: ${why}`,
    );
  });

  test.each([
    ['socks5://romeo:secret@proxy', 'socks5://…@proxy', 'it names no port'],
    ['ftp://romeo:secret@proxy:1', 'ftp://…@proxy:1', 'ftp:// is another kind of proxy'],
    ['romeo://secret@proxy:1:1', '…', NO_KIND],
    ['romeo:secret@proxy:1', '…', NO_KIND],
    ['socks5://proxy:1:romeo:secret', '…', NO_PORT],
    ['socks5://proxy:1?p=secret', 'socks5://proxy:1?…', BEHIND],
  ])('%s is shown without what may be a password (R1001, R1201)', (uri, shown, why) => {
    expect(() => parseProxy(uri)).toThrow(
      `"${shown}" is not the address of a proxy that inband can use: ${why}`,
    );
  });
});

test.each([
  ['example.org', ['example.org'], false],
  ['CHAT.example.org.', ['example.org'], false],
  ['badexample.org', ['example.org'], true],
  ['::1', ['::1'], false],
  ['::1', ['0:0:0:0:0:0:0:1'], false],
  ['2001:DB8:0::1', ['2001:db8::1'], false],
  ['::2', ['::1'], true],
  ['example.org', ['*'], false],
  ['example.org', [], true],
])('%s is reached by the proxy that excepts %j: %s (R1002)', (host, except, goes) => {
  const proxy = parseProxy('socks5://proxy:1080', except);
  expect(proxyTo(host, proxy)).toBe(goes ? proxy : undefined);
  expect(proxyTo(host, undefined)).toBeUndefined();
});

let server: Server | undefined;
afterEach(() => void server?.close());

/** A proxy that says these, one after each thing that it hears, and keeps what it has heard; `undefined`: it resets. */
async function scripted(...says: (Buffer | undefined)[]) {
  const heard: Buffer[] = [];
  server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard.push(bytes);
      const isReset = says.length > 0 && says[0] === undefined;
      const said = says.shift();
      if (isReset) socket.resetAndDestroy();
      else if (said) socket.write(said);
      else socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { port, heard };
}

const never = new AbortController().signal;

describe('SOCKS5 (RFC 1928)', () => {
  const CHOSEN = Buffer.of(5, 0);
  const REACHED = Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0);

  test.each([
    [
      'example.org',
      Buffer.concat([Buffer.of(5, 1, 0, 3, 11), Buffer.from('example.org'), Buffer.of(20, 102)]),
    ],
    ['192.0.2.1', Buffer.of(5, 1, 0, 1, 192, 0, 2, 1, 20, 102)],
    [
      '2001:db8::1:0',
      Buffer.of(5, 1, 0, 4, 32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20, 102),
    ],
    [
      '::ffff:192.0.2.1',
      Buffer.of(5, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1, 20, 102),
    ],
  ])('is asked for %s as it is, which is not looked up here (R1000)', async (host, request) => {
    const { port, heard } = await scripted(CHOSEN, REACHED);
    const proxy = parseProxy(`socks5://127.0.0.1:${port}`);
    const socket = await throughProxy(proxy, { host, port: 5222 }, never);
    socket.destroy();
    expect(heard).toEqual([Buffer.of(5, 1, 0), request]);
  });

  test('leaves what follows its answer to the connection (R1000)', async () => {
    const named = Buffer.concat([Buffer.of(5, 0, 0, 3, 4), Buffer.from('here'), Buffer.of(0, 1)]);
    const { port } = await scripted(CHOSEN, Buffer.concat([named, Buffer.from('<stream>')]));
    const proxy = parseProxy(`socks5://127.0.0.1:${port}`);
    const socket = await throughProxy(proxy, { host: 'example.org', port: 5222 }, never);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes.toString()).toBe('<stream>');
    socket.destroy();
  });

  test.each([
    ['it speaks no SOCKS5', [Buffer.from('HTTP/1.1 400 Bad')]],
    ['it wants a login: user:password@', [Buffer.of(5, 255)]],
    ...[
      'it fails',
      'it does not allow that',
      'the network is unreachable',
      'the host is unreachable',
      'the connection was refused',
      'it took too long',
    ].map((why, index): [string, Buffer[]] => [why, [CHOSEN, Buffer.of(5, index + 1, 0, 1)]]),
    ['it refuses (77)', [CHOSEN, Buffer.of(5, 77, 0, 1)]],
    ['it closed without an answer', [CHOSEN]],
    ['it closed without an answer: is it a SOCKS5 proxy?', []],
  ])('says why it does not come about: %s (R1000, R1275)', async (why, says) => {
    const { port } = await scripted(...says);
    const proxy = parseProxy(`socks5://127.0.0.1:${port}`);
    const reached = throughProxy(proxy, { host: 'example.org', port: 5222 }, never);
    await expect(reached).rejects.toThrow(`by the proxy 127.0.0.1 port ${port}: ${why}`);
  });
});

const OTHER_LOGIN = 'it wants a login in another way than by user and password';
const challenge = (...ways: string[]) =>
  Buffer.from(
    [
      'HTTP/1.1 407 Proxy Authentication Required',
      ...ways.map((way) => `proxy-authenticate: ${way}`),
    ]
      .concat('', '')
      .join('\r\n'),
  );

test.each<[string, string, Buffer]>([
  ['it takes no login by user and password', 'socks5://romeo:secret@', Buffer.of(5, 0xff)],
  ['it wants a login: user:password@', 'socks5://', Buffer.of(5, 0xff)],
  ['it wants a login: user:password@', 'socks5://', Buffer.of(5, 2)],
  [OTHER_LOGIN, 'socks5://romeo:secret@', Buffer.of(5, 1)],
  [OTHER_LOGIN, 'socks5://', Buffer.of(5, 1)],
  ['it refuses the login', 'http://romeo:secret@', challenge()],
  [
    'it refuses the login',
    'http://romeo:secret@',
    challenge('Digest realm="x"', 'Basic realm="x"'),
  ],
  [OTHER_LOGIN, 'http://romeo:secret@', challenge('Negotiate', 'NTLM')],
  [OTHER_LOGIN, 'http://', challenge('Digest realm="x"')],
  ['it wants a login: user:password@', 'http://', challenge('Basic realm="x"')],
])('a proxy says of the login: %s, of %s (R1329)', async (why, login, says) => {
  const { port } = await scripted(says);
  const reached = throughProxy(
    parseProxy(`${login}127.0.0.1:${port}`),
    { host: 'example.org', port: 5222 },
    never,
  );
  const message = `by the proxy 127.0.0.1 port ${port}: ${why}`;
  await expect(reached).rejects.toMatchObject({ message });
});

test('SOCKS5 (RFC 1929): a login that is refused is told of (R1000)', async () => {
  const { port, heard } = await scripted(Buffer.of(5, 2), Buffer.of(1, 1));
  const proxy = parseProxy(`socks5://romeo:secret@127.0.0.1:${port}`);
  const reached = throughProxy(proxy, { host: 'example.org', port: 5222 }, never);
  await expect(reached).rejects.toThrow(
    `by the proxy 127.0.0.1 port ${port}: it refuses the login`,
  );
  const login = Buffer.concat([
    Buffer.of(1, 5),
    Buffer.from('romeo'),
    Buffer.of(6),
    Buffer.from('secret'),
  ]);
  expect(heard).toEqual([Buffer.of(5, 2, 0, 2), login]);
});

describe('CONNECT (RFC 9110)', () => {
  test.each([
    ['example.org', 'example.org:5222'],
    ['2001:db8::1', '[2001:db8::1]:5222'],
  ])('names %s, and leaves what follows to the connection (R1000)', async (host, target) => {
    const { port, heard } = await scripted(Buffer.from('HTTP/1.1 200 OK\r\n\r\n<stream>'));
    const proxy = parseProxy(`http://127.0.0.1:${port}`);
    const socket = await throughProxy(proxy, { host, port: 5222 }, never);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes.toString()).toBe('<stream>');
    socket.destroy();
    expect(`${heard[0]}`.split('\r\n').slice(0, 2)).toEqual([
      `CONNECT ${target} HTTP/1.1`,
      `host: ${target}`,
    ]);
  });

  test.each([
    ['it refuses (403)', 'HTTP/1.1 403 Forbidden\r\n\r\n'],
    ['what answers there is no HTTP proxy', 'no HTTP at all\r\n\r\n'],
    ['what answers there is no HTTP proxy', 'HTTP/1.1 200 OK\r\nno header\r\n\r\n'],
    ['it closed without an answer: is it an HTTP proxy?', undefined],
  ])('says why it does not come about: %s (R1000, R1249, R1275)', async (why, says) => {
    const { port } = await scripted(...(says === undefined ? [] : [Buffer.from(says)]));
    const proxy = parseProxy(`http://127.0.0.1:${port}`);
    const reached = throughProxy(proxy, { host: 'example.org', port: 5222 }, never);
    await expect(reached).rejects.toThrow(`by the proxy 127.0.0.1 port ${port}: ${why}`);
  });
});

test.each(['socks5', 'http'])(
  '%s: an address with a zone, which means nothing there, is not asked for (R1127)',
  async (kind) => {
    const { port, heard } = await scripted();
    const proxy = parseProxy(`${kind}://127.0.0.1:${port}`);
    const reached = throughProxy(proxy, { host: 'fe80::1%eth0', port: 5222 }, never);
    await expect(reached).rejects.toThrow(
      `by the proxy 127.0.0.1 port ${port}: no other machine knows the zone of fe80::1%eth0`,
    );
    expect(heard).toEqual([]);
  },
);

describe.each(['socks5', 'http'])('%s: no words of Node or the system', (kind) => {
  /** By a proxy, if there is one at that host and port. */
  const whyNot = async (proxy: string, host = 'example.org') => {
    const [outcome] = await Promise.allSettled([
      throughProxy(parseProxy(`${kind}://${proxy}`), { host, port: 5222 }, never),
    ]);
    return outcome.status === 'rejected' && outcome.reason.message;
  };

  test('where nothing listens (R1275)', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as { port: number };
    free.close();
    await once(free, 'close');
    for (const name of ['127.0.0.1', 'localhost']) {
      const said = await whyNot(`${name}:${port}`);
      expect(said).toBe(`by the proxy ${name} port ${port}: nothing listens there`);
    }
  });

  test('where its name does not exist, or cannot be looked up (R1275)', async () => {
    expect(await whyNot('proxy.invalid:1')).toMatch(
      /^by the proxy proxy\.invalid port 1: (there is no such name|its name cannot be looked up now)$/,
    );
  });

  test('where it resets the connection (R1275)', async () => {
    const { port } = await scripted(undefined);
    expect(await whyNot(`127.0.0.1:${port}`)).toMatch(
      /: it closed without an answer: is it an? (SOCKS5|HTTP) proxy\?$/,
    );
  });

  // SOCKS5 has one byte for the length, and behind 255 began anew.
  test.each(['x y', 'x'.repeat(254)])('where a name cannot be sent (R1275)', async (name) => {
    const { port, heard } = await scripted();
    expect(await whyNot(`127.0.0.1:${port}`, name)).toBe(
      `by the proxy 127.0.0.1 port ${port}: no host can be called ${name}`,
    );
    expect(heard).toEqual([]);
  });

  test('where a name has letters beyond ASCII, which is sent as DNS has it (R1275)', async () => {
    const { port, heard } = await scripted(Buffer.of(5, 0));
    await whyNot(`127.0.0.1:${port}`, 'пример.example');
    expect(`${Buffer.concat(heard)}`).toContain('xn--e1afmkfd.example');
  });
});

test.each([
  ['ETIMEDOUT', 'it does not answer'],
  ['EHOSTUNREACH', 'it cannot be reached'],
  ['ENETUNREACH', 'no network leads there'],
  ['EACCES', 'it failed with EACCES'],
])('a proxy to which the system fails with %s: %s (R1275)', async (code, why) => {
  const failure = Object.assign(new Error(`connect ${code} 192.0.2.1:1`), {
    ...{ code, syscall: 'connect' },
  });
  const connect = jest
    .spyOn(net, 'connect')
    .mockImplementation(() => new Socket().destroy(failure));
  try {
    const proxy = parseProxy('socks5://192.0.2.1:1');
    const reached = throughProxy(proxy, { host: 'example.org', port: 5222 }, never);
    await expect(reached).rejects.toThrow(`by the proxy 192.0.2.1 port 1: ${why}`);
  } finally {
    connect.mockRestore();
  }
});

test.each(['socks5', 'http'])(
  '%s: a proxy that says nothing is given up with the signal (R1000)',
  async (kind) => {
    const silent = createServer().listen(0, '127.0.0.1');
    server = silent;
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const late = new AbortController();
    const connected = once(silent, 'connection');
    const proxy = parseProxy(`${kind}://127.0.0.1:${port}`);
    const reached = throughProxy(proxy, { host: 'example.org', port: 5222 }, late.signal);
    const [socket] = (await connected) as [Socket];
    const closed = once(socket, 'close');
    socket.on('error', () => undefined).resume();
    late.abort(new Error('too late'));
    await expect(reached).rejects.toThrow('too late');
    await closed;
  },
);
