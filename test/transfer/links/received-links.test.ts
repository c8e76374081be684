import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { parseProxy } from '../../../src/session/dial/proxy.js';
import { NoRoom } from '../../../src/transfer/inbox-errors.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { sha256 } from '../transfers.js';
import { carbonOf, fetching, fullLink, plainLink } from './fetching.js';

const BYTES = randomBytes(200_000);

const giving = (_request: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES);

/** Answers with the rest, as a server that knows of ranges, and cuts the first answers after so many bytes each. */
function cutting(...cuts: number[]) {
  return ({ headers: { range } }: IncomingMessage, response: ServerResponse) => {
    const [, from] = /^bytes=(\d+)-$/.exec(range ?? '') ?? [];
    const rest = BYTES.subarray(Number(from ?? 0));
    response.writeHead(from ? 206 : 200, {
      'content-length': rest.length,
      ...(from ? { 'content-range': `bytes ${from}-${BYTES.length}/${BYTES.length}` } : {}),
    });
    const cut = cuts.shift();
    if (cut === undefined) response.end(rest);
    else response.write(rest.subarray(0, cut), () => response.destroy());
  };
}

describe('a link', () => {
  test('that another resource gets is fetched, compared, and remembered (R928)', async () => {
    const { server, online, told, inbox, requests } = await fetching(giving);
    online().hears(carbonOf(fullLink(`${server.origin}/a`, BYTES)));
    const [done] = await told(1, 'done');
    expect(done).toEqual({
      ...{ event: 'done', id: expect.any(Number), peer: ROMEO, name: 'photo.jpg', size: 200_000 },
      ...{ sha256: sha256(BYTES), path: '/inbox/photo.jpg', encrypted: false },
    });
    expect(inbox.files.get('photo.jpg')).toEqual(BYTES);
    expect([...inbox.ledger.records()][0]).toMatchObject({
      linkId: sha256(Buffer.from(`${server.origin}/a`)),
    });
    expect(requests.length).toBe(1);
  });

  test('to our own full JID is fetched, and does not come back as chat does (R928)', async () => {
    const { server, online, told } = await fetching(giving);
    const { hears, returned } = online();
    hears(plainLink(`${server.origin}/a`, ROMEO, JULIET));
    await told(1, 'done');
    expect(returned).toEqual([]);
  });

  test('of which no hash is told is not verified, and called by its address (R928)', async () => {
    const { server, online, told } = await fetching(giving);
    online().hears(carbonOf(plainLink(`${server.origin}/x/tr%C3%A8s.jpg`)));
    expect((await told(1, 'done'))[0]).toMatchObject({ name: 'très.jpg', unverified: true });
  });

  test.each([
    ['of somebody who is not in --links', carbonOf(plainLink('URL', 'nurse@capulet.example/x'))],
    ['that somebody else has wrapped', carbonOf(plainLink('URL'), 'mallory@capulet.example')],
    ['that we are told to have sent', carbonOf(plainLink('URL'), undefined, 'sent')],
    ['to somebody else', carbonOf(plainLink('URL', ROMEO, 'nurse@capulet.example'))],
  ])('%s is not asked for (R929)', async (_what, message) => {
    const { server, online, requests, events } = await fetching(giving);
    online().hears(message.replaceAll('URL', `${server.origin}/a`));
    await settled();
    expect(requests).toEqual([]);
    expect(events.filter(({ event }) => event !== 'state' && event !== 'note')).toEqual([]);
  });

  test('that is told again is not fetched again (R930)', async () => {
    const { server, online, told, requests, clock, events } = await fetching(giving);
    const { hears } = online();
    hears(carbonOf(plainLink(`${server.origin}/a`)));
    hears(carbonOf(plainLink(`${server.origin}/a`)));
    await told(1, 'done');
    hears(carbonOf(plainLink(`${server.origin}/a`)));
    await clock.advance(60_000);
    expect(requests.length).toBe(1);
    const text = `a link of ${ROMEO} is not fetched again`;
    expect(events).toContainEqual({ event: 'note', text });
  });

  test('to bytes that are there is not fetched: its hash says so (R930)', async () => {
    const { server, online, told, requests } = await fetching(giving);
    const { hears } = online();
    hears(carbonOf(fullLink(`${server.origin}/a`, BYTES)));
    await told(1, 'done');
    hears(carbonOf(fullLink(`${server.origin}/b`, BYTES)));
    expect((await told(1, 'already-there'))[0]).toMatchObject({ path: '/inbox/photo.jpg' });
    expect(requests.length).toBe(1);
  });
});

describe('a download that was cut', () => {
  test('goes on where it was, by itself (R931)', async () => {
    const { server, online, told, requests, clock, inbox } = await fetching(
      cutting(100_000, 50_000),
    );
    online().hears(carbonOf(fullLink(`${server.origin}/a`, BYTES)));
    await told(1, 'failed');
    await clock.advance(10_000);
    await told(2, 'failed');
    await clock.advance(60_000);
    await told(1, 'done');
    const ranges = requests.map(({ headers }) => headers.range);
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
    expect(inbox.files.get('photo.jpg')).toEqual(BYTES);
  });

  test('begins anew where nobody can tell that it is the same file (R931)', async () => {
    const { server, online, told, requests, clock } = await fetching(cutting(100_000));
    online().hears(carbonOf(plainLink(`${server.origin}/a`)));
    await told(1, 'failed');
    await clock.advance(10_000);
    await told(1, 'done');
    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
  });

  test('goes on with the next session (R931)', async () => {
    const waiting: ServerResponse[] = [];
    const { server, online, told, requests, inbox } = await fetching((request, response) => {
      if (requests.length > 1) return cutting()(request, response);
      response.writeHead(200, { 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, 100_000));
      waiting.push(response);
    });
    const { hears, cut } = online();
    hears(carbonOf(fullLink(`${server.origin}/a`, BYTES)));
    await told(1, 'progress');
    await cut();
    expect((await told(1, 'failed'))[0]).toMatchObject({
      error: expect.stringContaining('the session has ended; it is fetched again on the next one'),
    });
    online();
    await told(1, 'done');
    expect(inbox.files.get('photo.jpg')).toEqual(BYTES);
  });

  test('is given up after four more, in about half an hour (R931)', async () => {
    const { server, online, told, requests, clock } = await fetching((_request, response) => {
      response.writeHead(503).end();
    });
    online().hears(carbonOf(plainLink(`${server.origin}/a`)));
    for (const [count, pause] of [10_000, 60_000, 300_000, 1_800_000].entries()) {
      await told(count + 1, 'failed');
      await clock.advance(pause);
    }
    const failed = await told(5, 'failed');
    await clock.advance(7_200_000);
    expect(requests.length).toBe(5);
    expect(failed[0]).toMatchObject({
      error: expect.stringContaining(`localhost:${server.port} answered 503 to the download`),
    });
  });
});

test.each<[string, { sha256?: Buffer; size?: number }]>([
  ['another hash', { sha256: Buffer.alloc(32) }],
  ['another size', { size: 199_999 }],
])(
  'a file that has %s than was told is not kept, nor fetched again (R932)',
  async (_what, lies) => {
    const { server, online, told, inbox, requests, clock } = await fetching(giving);
    online().hears(carbonOf(fullLink(`${server.origin}/a`, BYTES, lies)));
    await told(1, 'failed');
    await clock.advance(7_200_000);
    expect([inbox.files.size, inbox.kept.size, inbox.partials, requests.length]).toEqual([
      0, 0, 0, 1,
    ]);
  },
);

test.each<[number, string]>([
  [404, 'the link has expired (localhost:PORT answered 404)'],
  [410, 'the link has expired (localhost:PORT answered 410)'],
  [302, 'localhost:PORT sends it elsewhere (302), which is not followed'],
  [403, 'localhost:PORT does not give it out (403)'],
])('%i is a failure that is told in words, and no file (R932)', async (status, words) => {
  const { server, online, told, inbox, requests, clock } = await fetching((_request, response) => {
    response.writeHead(status, { location: `${server.origin}/b` }).end('<html>sorry</html>');
  });
  online().hears(carbonOf(plainLink(`${server.origin}/a`)));
  const [failed] = await told(1, 'failed');
  expect(failed).toMatchObject({
    error: `a from ${ROMEO} did not arrive: ${words.replace('PORT', `${server.port}`)}`,
  });
  await clock.advance(7_200_000);
  expect([inbox.files.size, requests.length]).toEqual([0, 1]);
});

test('what is larger than --links-max-size is not asked for, or read (R932)', async () => {
  const { server, online, told, inbox, requests } = await fetching(giving, { most: 199_999 });
  const { hears } = online();
  hears(carbonOf(fullLink(`${server.origin}/a`, BYTES)));
  expect((await told(1, 'failed'))[0]).toMatchObject({
    error: expect.stringContaining('it has 200000 bytes, and --links-max-size takes 199999 bytes'),
  });
  expect(requests.length).toBe(0);
  hears(carbonOf(plainLink(`${server.origin}/a`)));
  expect((await told(2, 'failed'))[1]).toMatchObject({
    error: `a from ${ROMEO} did not arrive: it has 200000 bytes, and --links-max-size takes 199999 bytes`,
  });
  expect([inbox.files.size, inbox.partials]).toEqual([0, 0]);
});

test('what the inbox has no room for is not asked for, and asked again where that passes (R932)', async () => {
  const { server, online, told, inbox, requests, clock } = await fetching(giving);
  const create = inbox.createPartial.bind(inbox);
  const words = ['--max-size takes 100 kB', 'others take all room'];
  inbox.createPartial = async (wanted) => {
    const text = words.shift();
    if (text !== undefined) throw new NoRoom(text, words.length === 0);
    return create(wanted);
  };
  const { hears } = online();
  hears(carbonOf(fullLink(`${server.origin}/a`, BYTES)));
  expect((await told(1, 'failed'))[0]).toMatchObject({
    error: `photo.jpg from ${ROMEO} did not arrive: --max-size takes 100 kB`,
  });
  await clock.advance(7_200_000);
  hears(carbonOf(fullLink(`${server.origin}/b`, BYTES)));
  await told(2, 'failed');
  expect(requests.length).toBe(0);
  await clock.advance(10_000);
  await told(1, 'done');
  expect(requests.map(({ url }) => url)).toEqual(['/b']);
});

test('what goes on behind --links-max-size is not read, or kept (R932, R1100)', async () => {
  const endless = (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(BYTES));
    };
    response.on('drain', more);
    more();
  };
  const { server, online, told, inbox } = await fetching(endless, { most: 500_000 });
  online().hears(carbonOf(plainLink(`${server.origin}/a`)));
  expect((await told(1, 'failed'))[0]).toMatchObject({
    error: `a from ${ROMEO} did not arrive: it has more than the 500 kB of --links-max-size`,
  });
  expect([inbox.files.size, inbox.kept.size, inbox.partials]).toEqual([0, 0, 0]);
});

test('what turns out to be another file in the middle is not kept for the next time (R1100)', async () => {
  const chunked = (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200);
    response.end(BYTES);
  };
  for (const size of [199_999, 200_001]) {
    const { server, online, told, inbox, clock, requests } = await fetching(chunked);
    online().hears(carbonOf(fullLink(`${server.origin}/a`, BYTES, { size })));
    expect((await told(1, 'failed'))[0]).toMatchObject({
      error: expect.stringContaining(
        `did not arrive: localhost:${server.port} sends another file: it has `,
      ),
    });
    await clock.advance(7_200_000);
    expect([inbox.files.size, inbox.kept.size, inbox.partials, requests.length]).toEqual([
      0, 0, 0, 1,
    ]);
  }
});

test('a host that a proxy finds is told with the flag for that, and asked with it (R1103)', async () => {
  const proxy = parseProxy('socks5://127.0.0.1:1');
  const { online, told, requests } = await fetching(giving, { own: [], proxy });
  online().hears(carbonOf(plainLink('https://localhost/a')));
  expect((await told(1, 'failed'))[0]).toMatchObject({
    error: `a from ${ROMEO} did not arrive: the proxy finds where localhost is, which nobody can check, and --links-host does not name it`,
  });
  const named = await fetching(giving, { proxy });
  named.online().hears(carbonOf(plainLink(`${named.server.origin}/a`)));
  expect((await named.told(1, 'failed'))[0]).toMatchObject({
    error: expect.stringContaining(
      `localhost:${named.server.port} gave no answer (by the proxy 127.0.0.1 port 1: `,
    ),
  });
  expect([requests.length, named.requests.length]).toEqual([0, 0]);
});

test('a host at an address that is not public is told with the flag for that (R932)', async () => {
  const { server, online, told, requests } = await fetching(giving, { own: [] });
  online().hears(carbonOf(plainLink('https://localhost/a')));
  expect((await told(1, 'failed'))[0]).toMatchObject({
    error: `a from ${ROMEO} did not arrive: localhost is at an address that is not public, and --links-host does not name it`,
  });
  expect([server.port > 0, requests.length]).toEqual([true, 0]);
});

test('a host that is not asked at its port is told with the flag for that (R1250)', async () => {
  const { online, told } = await fetching(giving, { own: [] });
  online().hears(carbonOf(plainLink('https://upload.example.org:5281/a')));
  expect((await told(1, 'failed'))[0]).toMatchObject({
    error: `a from ${ROMEO} did not arrive: upload.example.org is not asked at port 5281: no other than 443 is, unless you trust that server: --links-host upload.example.org:5281`,
  });
});

test('--encrypt require takes no links (R932)', async () => {
  const sealing = { encrypt: 'require' } as const;
  const { server, online, told, requests } = await fetching(giving, { sealing });
  online().hears(carbonOf(plainLink(`${server.origin}/a`)));
  expect((await told(1, 'failed'))[0]).toMatchObject({
    error: expect.stringContaining('not encrypted'),
  });
  expect(requests.length).toBe(0);
});

test('of 10,000 bad links in a minute some 40 are asked for, and 1,000 remembered (R933)', async () => {
  const { server, online, told, requests, clock, events } = await fetching((_request, response) => {
    response.writeHead(404).end();
  });
  const { hears } = online();
  for (let count = 0; count < 10_000; count += 1) {
    hears(carbonOf(plainLink(`${server.origin}/${count}`)));
  }
  await told(30, 'failed');
  await clock.advance(60_000);
  await settled();
  expect(requests.length).toBeLessThan(45);
  const text = `a link of ${ROMEO} is left out: too many are waiting`;
  expect(events).toContainEqual({ event: 'note', text });
});

test('good links are not held up: their sender gets back what each has cost (R933)', async () => {
  const { server, online, told, clock } = await fetching(giving);
  const { hears } = online();
  for (let count = 0; count < 100; count += 1) {
    hears(carbonOf(plainLink(`${server.origin}/${count}`)));
  }
  await told(100, 'done');
  expect(clock.now()).toBe(0);
});
