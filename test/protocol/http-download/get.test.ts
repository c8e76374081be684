import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ChannelLost, type Inlet } from '../../../src/protocol/channel.js';
import { type GetOptions, get } from '../../../src/protocol/http-download/get.js';
import {
  AddressNotAllowed,
  OtherFile,
  PortNotAllowed,
  UnfitAnswer,
} from '../../../src/protocol/network/fetch-errors.js';
import { httpsBy } from '../../../src/protocol/network/https.js';
import { parseProxy } from '../../../src/session/dial/proxy.js';
import { ServerNotTrusted } from '../../../src/session/stream/connection-errors.js';
import { ManualClock } from '../../support/manual-clock.js';
import { readAll } from '../ibb/bytestreams.js';
import { type HttpsServer, startHttpsServer } from '../network/https-server.js';

class Refused extends Error {}
class TooLarge extends Error {}

const WORDS = {
  refused: (status: number) => new Refused(`${status}`),
  tooLarge: (bytes?: number) => new TooLarge(`${bytes}`),
};

const BYTES = randomBytes(300_000);
const PACE = { maxIdleMs: 120_000, minBytes: 65_536, periodMs: 900_000, lifetimeMs: 86_400_000 };

const servers: HttpsServer[] = [];
const ended = new AbortController();

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Asks a server of the test's for a file. */
async function getting(answer: Answer, options: Partial<GetOptions> = {}, name = 'localhost') {
  let requests = 0;
  const server = await startHttpsServer((request, response) => {
    requests += 1;
    answer(request, response);
  }, name);
  servers.push(server);
  const clock = new ManualClock();
  const from = new AbortController();
  const begun = get(new URL('/a', server.origin), {
    ...{ peer: 'juliet@capulet.example/x', https: httpsBy({ ca: server.ca }), clock, pace: PACE },
    ...{ own: [{ host: 'localhost', port: server.port }], offset: 0 },
    ...{ size: BYTES.length, most: 1_000_000, signal: from.signal },
    ...WORDS,
    ...options,
  });
  begun.catch(() => undefined);
  return { begun, clock, server, abort: from, requests: () => requests };
}

const whole = async (begun: Promise<Inlet>): Promise<Buffer> => readAll(await begun);

/** Answers with these headers, and with the bytes from one on. */
const giving =
  (status: number, headers: Record<string, string | number>, from = 0): Answer =>
  (_request, response) =>
    void response.writeHead(status, headers).end(BYTES.subarray(from));

const ANOTHER_FILE =
  /^localhost:\d+ sends another file: it has more than the 300000 bytes that its sender told of$/;

const ANOTHER = 'it is another part of the file than was asked for';

const LENGTH = { 'content-length': BYTES.length };

describe('what lies at an address', () => {
  test('is got whole, and nothing is said that is not needed (R922)', async () => {
    let said: IncomingMessage | undefined;
    const { begun } = await getting((request, response) => {
      said = request;
      giving(200, { ...LENGTH, 'set-cookie': 'a=b' })(request, response);
    });
    const inlet = await begun;
    expect(await readAll(inlet)).toEqual(BYTES);
    expect([inlet.bytesReceived, inlet.peer]).toEqual([300_000, 'juliet@capulet.example/x']);
    expect([said?.method, said?.url]).toEqual(['GET', '/a']);
    expect(Object.keys(said?.headers ?? {}).sort()).toEqual([
      'accept-encoding',
      'connection',
      'host',
    ]);
    expect(said?.headers['accept-encoding']).toBe('identity');
  });

  test('may come in chunks, or have no bytes (R922)', async () => {
    expect(await whole((await getting(giving(200, {}))).begun)).toEqual(BYTES);
    const empty: Answer = (_request, response) => void response.writeHead(200).end();
    expect(await whole((await getting(empty, { size: 0 })).begun)).toEqual(Buffer.alloc(0));
  });

  test('is got from a byte on where the server can begin there (R923)', async () => {
    let range: string | undefined;
    const { begun } = await getting(
      (request, response) => {
        range = request.headers.range;
        giving(206, { 'content-range': 'bytes 50000-299999/300000' }, 50_000)(request, response);
      },
      { offset: 50_000 },
    );
    expect(await whole(begun)).toEqual(BYTES.subarray(50_000));
    expect(range).toBe('bytes=50000-');
  });

  // Prosody 0.12 counts one too many; ejabberd has no ranges.
  test.each<[string, Answer]>([
    ['is off by one', giving(206, { 'content-range': 'bytes 50000-300000/300000' }, 50_000)],
    ['answers with all of it', giving(200, LENGTH)],
  ])('is got from a byte on where the server %s (R923)', async (_what, answer) => {
    const { begun } = await getting(answer, { offset: 50_000 });
    expect(await whole(begun)).toEqual(BYTES.subarray(50_000));
  });

  test('is not read before somebody wants it (R922)', async () => {
    const { begun } = await getting(
      (_request, response) => {
        response.writeHead(200, { 'content-length': 100_000_000 });
        response.write(Buffer.alloc(50_000_000));
      },
      { size: 100_000_000, most: 100_000_000 },
    );
    const inlet = await begun;
    await once(inlet, 'readable');
    expect(inlet.bytesReceived).toBeLessThan(2_000_000);
    inlet.destroy();
  });
});

describe('nothing is asked of', () => {
  test.each([
    'https://localhost/a',
    'https://127.0.0.1/a',
    'https://[::1]/a',
    'https://2130706433/a',
    'https://[::ffff:127.0.0.1]/a',
    'https://[64:ff9b::7f00:1]/a',
    'https://10.0.0.1/a',
  ])('%s (R924)', async (url) => {
    const options = optionsFor({ own: [] });
    await expect(get(new URL(url), options)).rejects.toThrow(AddressNotAllowed);
  });

  test('another port than that of HTTPS (R924)', async () => {
    const options = optionsFor({ own: [] });
    await expect(get(new URL('https://example.org:8443/a'), options)).rejects.toThrow(
      new PortNotAllowed('example.org is not asked at port 8443: no other than 443 is'),
    );
  });

  test('a name one of whose addresses is not public (R924)', async () => {
    const resolve: GetOptions['resolve'] = (_host, told) =>
      told(null, [
        { address: '93.184.215.14', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    const options = optionsFor({ own: [], resolve });
    await expect(get(new URL('https://example.org/a'), options)).rejects.toThrow(AddressNotAllowed);
  });

  test('a name that means another address when it is asked for again (R924)', async () => {
    let asked = 0;
    const resolve: GetOptions['resolve'] = (_host, told) => {
      asked += 1;
      // Nobody is there: TEST-NET would be refused, and so is this, but by the machine.
      told(null, [{ address: asked === 1 ? '127.0.0.1' : '93.184.215.14', family: 4 }]);
    };
    const options = optionsFor({ own: [], resolve });
    await expect(get(new URL('https://example.org/a'), options)).rejects.toThrow(AddressNotAllowed);
    expect(asked).toBe(1);
  });

  test('another address than the one that was looked at, whatever a name means later (R924)', async () => {
    let asked = 0;
    const resolve: GetOptions['resolve'] = (_host, told) => {
      asked += 1;
      // A second question would lead to nobody.
      told(null, [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
    };
    const { begun } = await getting(giving(200, LENGTH), { resolve });
    expect(await whole(begun)).toEqual(BYTES);
    expect(asked).toBe(1);
  });
});

function optionsFor(more: Partial<GetOptions>): GetOptions {
  return {
    ...{ peer: 'juliet@capulet.example/x', https: httpsBy({}), clock: new ManualClock() },
    ...{ pace: PACE, own: [], offset: 0, size: 1, most: 1, signal: ended.signal },
    ...WORDS,
    ...more,
  };
}

describe('no file is', () => {
  test.each([204, 301, 302, 307, 401, 403, 404, 410, 500, 503])(
    'an answer %i, and nobody is asked elsewhere (R925)',
    async (status) => {
      const { begun, requests } = await getting((request, response) => {
        const headers = { location: `https://${request.headers.host}/b`, 'content-length': 0 };
        response.writeHead(status, status === 204 ? {} : headers).end();
      });
      await expect(begun).rejects.toThrow(new Refused(`${status}`));
      expect(requests()).toBe(1);
    },
  );

  test.each<[string, string, Answer, Partial<GetOptions>?]>([
    [
      'packed',
      'it is encoded (gzip)',
      (_request, response) => {
        response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.alloc(1_000_000)));
      },
    ],
    [
      'packed on the way',
      'it is encoded (gzip, chunked)',
      (_request, response) => {
        response.socket?.end(
          'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
        );
      },
    ],
    [
      'another part',
      ANOTHER,
      giving(206, { 'content-range': 'bytes 0-299999/300000' }),
      { offset: 10 },
    ],
    ['a part that nobody asked for', ANOTHER, giving(206, { 'content-range': 'bytes 0-9/300000' })],
    ['a part of nothing', ANOTHER, giving(206, {}, 10), { offset: 10 }],
  ])('what is %s (R925)', async (_what, why, answer, options = {}) => {
    const { begun, server } = await getting(answer, options);
    await expect(begun).rejects.toThrow(
      new UnfitAnswer(`localhost:${server.port} sends no file: ${why}`),
    );
  });

  test.each(['content-length: 5\r\ncontent-length: 6', 'content-length: -1', 'content length: 5'])(
    'an answer that is no HTTP, which it will be the next time, too: %j (R925)',
    async (head) => {
      const { begun } = await getting((_request, response) => {
        response.socket?.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\nhello`);
      });
      await expect(begun).rejects.toThrow(UnfitAnswer);
      await expect(begun).rejects.toThrow(/ sends no file: its answer is no HTTP$/);
    },
  );

  test('what has no end that can be told from a cut (R925)', async () => {
    const { begun } = await getting((_request, response) => {
      response.socket?.end('HTTP/1.0 200 OK\r\n\r\nhello');
    });
    await expect(begun).rejects.toThrow('nothing tells where it ends');
  });

  test.each([
    ['its size', BYTES.length, OtherFile, ANOTHER_FILE],
    ['what is taken', undefined, TooLarge, /^undefined$/],
  ])('what never ends, or goes on behind %s (R925, R1100)', async (_what, size, kind, words) => {
    const { begun } = await getting(
      (_request, response) => {
        response.writeHead(200);
        const more = () => {
          while (!response.destroyed && response.write(BYTES));
        };
        response.on('drain', more);
        more();
      },
      { size },
    );
    const inlet = await begun;
    const why = await readAll(inlet).catch((error) => error);
    expect(why).toBeInstanceOf(kind);
    expect(why.message).toMatch(words);
    expect(inlet.bytesReceived).toBeLessThan(1_200_000);
  });

  test('what is larger than is taken, as its length says (R925, R1100)', async () => {
    const { begun } = await getting(giving(200, LENGTH), { size: undefined, most: 299_999 });
    await expect(begun).rejects.toThrow(new TooLarge('300000'));
  });

  test('what was cut (R925)', async () => {
    const { begun, server } = await getting((_request, response) => {
      response.writeHead(200, LENGTH).write(BYTES.subarray(0, 1000));
    });
    const inlet = await begun;
    await once(inlet, 'readable');
    server.cut();
    const why = await readAll(inlet).catch((error) => error);
    expect(why).toBeInstanceOf(ChannelLost);
    expect(why.message).toMatch(/^the download from localhost:\d+ was cut off \(.+\)$/);
  });

  test('what a host has that breaks off before its answer, and it is said so (R1100)', async () => {
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { begun, server } = await getting(() => asked());
    await isAsked;
    server.cut();
    const why = await begun.catch((error) => error);
    expect(why).toBeInstanceOf(ChannelLost);
    expect(why.message).toMatch(/^localhost:\d+ gave no answer \(.+\)$/);
  });

  test('what a host has that is not there (R1100)', async () => {
    const { port, origin, stop } = await startHttpsServer(() => undefined);
    await stop();
    const options = optionsFor({ own: [{ host: 'localhost', port }] });
    await expect(get(new URL('/a', origin), options)).rejects.toThrow(
      /^localhost:\d+ gave no answer \(nothing listens there/,
    );
  });

  test('what has a name that nobody knows (R1100)', async () => {
    const resolve: GetOptions['resolve'] = (_host, told) => told(new Error('no such name'), []);
    const options = optionsFor({ own: [], resolve });
    await expect(get(new URL('https://example.org/a'), options)).rejects.toThrow(
      /^example\.org gave no answer \(no such name\)$/,
    );
  });
});

describe('another file than was told of is', () => {
  const chunks = giving(200, {});

  test.each<[string, string, Answer, Partial<GetOptions>?]>([
    [
      'one that is shorter',
      'it has 1000 bytes, and its sender told of 300000',
      giving(200, { 'content-length': 1000 }, 299_000),
    ],
    [
      'one that ends before, and says so',
      'it has 300000 bytes, and its sender told of 300001',
      chunks,
      { size: 300_001 },
    ],
    [
      'one that ends before what is here',
      'it has 300000 bytes, and its sender told of 400000',
      chunks,
      { size: 400_000, offset: 350_000 },
    ],
    [
      'one that is longer',
      'it has 300000 bytes, and its sender told of 299999',
      giving(200, LENGTH),
      { size: 299_999 },
    ],
    [
      'one that goes on',
      'it has more than the 299999 bytes that its sender told of',
      chunks,
      { size: 299_999 },
    ],
    [
      'one of which this is a part',
      'it has 20 bytes, and its sender told of 300000',
      giving(206, { 'content-range': 'bytes 10-19/20' }, 10),
      { offset: 10 },
    ],
    [
      'one that has nothing behind what is here',
      'it ends before byte 10, up to which it is here already',
      giving(416, {}, 300_000),
      { offset: 10 },
    ],
  ])('%s (R925, R1100)', async (_what, why, answer, options = {}) => {
    const { begun, server } = await getting(answer, options);
    await expect(whole(begun)).rejects.toThrow(
      new OtherFile(`localhost:${server.port} sends another file: ${why}`),
    );
  });
});

test('a head that is far too long ends it (R926)', async () => {
  const { begun } = await getting((_request, response) => {
    response.socket?.write(`HTTP/1.1 200 OK\r\na: ${'x'.repeat(20_000)}\r\n\r\n`);
  });
  await expect(begun).rejects.toThrow(UnfitAnswer);
});

test('a server that does not answer is waited for a minute (R926)', async () => {
  const { begun, clock } = await getting(() => undefined);
  await clock.advance(59_000);
  await clock.advance(2_000);
  await expect(begun).rejects.toThrow(/does not answer$/);
});

test('a proxy that does not answer is told of in place of the server, and ends nothing else (R1274, R1278)', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const https = httpsBy({ proxy: parseProxy(`socks5://127.0.0.1:${port}`) });
  const { begun, clock } = await getting(() => undefined, { https });
  await clock.advance(60_000);
  await expect(begun).rejects.toThrow(
    new ChannelLost(`the proxy 127.0.0.1 port ${port} does not answer`),
  );
  silent.close();
});

test('one whose head comes byte by byte is waited for no longer (R926)', async () => {
  let send: () => void = () => undefined;
  const begins = new Promise<void>((resolve) => {
    send = resolve;
  });
  const { begun, clock } = await getting((_request, response) => {
    const { socket } = response;
    socket?.write('HTTP/1.1 200 OK\r\na: ');
    send();
    send = () => void socket?.write('x');
  });
  await begins;
  for (let seconds = 0; seconds < 60; seconds += 10) {
    send();
    await clock.advance(10_000);
  }
  await expect(begun).rejects.toThrow(/does not answer$/);
});

test('one that sends byte by byte is left (R926)', async () => {
  let send: () => void = () => undefined;
  const { begun, clock } = await getting((_request, response) => {
    response.writeHead(200, LENGTH);
    send = () => response.write('x');
    send();
  });
  const inlet = await begun;
  const read = readAll(inlet);
  read.catch(() => undefined);
  // One byte every half minute would take a hundred days.
  for (let minutes = 0; minutes < 20 && !inlet.destroyed; minutes += 0.5) {
    const before = inlet.bytesReceived;
    send();
    while (inlet.bytesReceived === before && !inlet.destroyed) await new Promise(setImmediate);
    await clock.advance(30_000);
  }
  await expect(read).rejects.toThrow(/sends too little$/);
});

test('while nothing is read, because of a slow disk for instance, nothing is to come (R926)', async () => {
  const { begun, clock } = await getting(
    (_request, response) => {
      response.writeHead(200, { 'content-length': 50_000_000 }).end(Buffer.alloc(50_000_000));
    },
    { size: 50_000_000, most: 50_000_000 },
  );
  const inlet = await begun;
  await once(inlet, 'readable');
  await clock.advance(3 * 3_600_000);
  expect(inlet.destroyed).toBe(false);
  inlet.destroy();
});

test('a certificate that is not trusted is told as that (R926)', async () => {
  const { begun } = await getting(giving(200, LENGTH), {}, 'example.org');
  await expect(begun).rejects.toThrow(ServerNotTrusted);
});

test('it is broken off with a reason, before and behind the answer (R926)', async () => {
  const why = new Error('stopped');
  const first = await getting(() => undefined);
  first.abort.abort(why);
  await expect(first.begun).rejects.toBe(why);
  const second = await getting((_request, response) => {
    response.writeHead(200, LENGTH).write('x');
  });
  const inlet = await second.begun;
  second.abort.abort(why);
  await expect(readAll(inlet)).rejects.toBe(why);
});
