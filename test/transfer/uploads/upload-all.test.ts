import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import type { RequestOptions } from '../../../src/session/session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { RateLimit } from '../../../src/transfer/rate-limit.js';
import { uploadAll } from '../../../src/transfer/uploads/upload-all.js';
import { readAll } from '../../protocol/ibb/bytestreams.js';
import { type HttpsServer, startHttpsServer } from '../../protocol/network/https-server.js';
import { type Service, sessionsWithServices } from '../../protocol/socks5/server.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { smallFile } from '../sending/linked-inboxes.js';

const NS = 'urn:xmpp:http:upload:0';
const SERVICE = 'upload.montague.example';

let server: HttpsServer | undefined;
afterEach(() => server?.stop());

type Asked = [to: string | undefined, what: string | undefined, ms: number | undefined];

/** Uploads these bytes, as the options say. */
async function uploading(bytes: Buffer, more: { limit?: RateLimit } = {}) {
  const bodies: Buffer[] = [];
  server = await startHttpsServer((request, response) => {
    void readAll(request).then((body) => {
      bodies.push(body);
      response.writeHead(201).end();
    });
  });
  const { origin, ca } = server;
  const service: Service = async (stanza) => {
    if (stanza.getChild('query')) {
      const feature = xml('feature', { var: NS });
      return xml('query', { xmlns: 'http://jabber.org/protocol/disco#info' }, feature);
    }
    const url = `${origin}/a`;
    return xml('slot', { xmlns: NS }, xml('put', { url }), xml('get', { url }));
  };
  const asked: Asked[] = [];
  const connect = async () => {
    const [romeo] = sessionsWithServices({ services: new Map([[SERVICE, service]]) });
    const request = romeo.request.bind(romeo);
    romeo.request = (type, to, payload: Element, options?: RequestOptions) => {
      asked.push([to, payload.name, options?.timeout]);
      return request(type, to, payload, options);
    };
    return romeo;
  };
  const events: Event[] = [];
  const ended = uploadAll([smallFile('a', bytes)], {
    ...{ account: 'romeo@montague.example', connect, trust: async () => ({ ca }), retryFor: 0 },
    ...{ signal: new AbortController().signal, report: (event) => void events.push(event) },
    explain: ({ message }) => ({ text: message, exitCode: 1, isOurs: false }),
    ...more,
  });
  return { ended, events, asked, bodies };
}

test('what is waited for is told with how long that is at most, which it is (R1104)', async () => {
  const { ended, events, asked } = await uploading(Buffer.from('But, soft!'));
  await ended;
  const waits = events.map((event) => (event.event === 'pending' ? event.text : undefined));
  expect(waits.filter(Boolean)).toEqual([
    'asking montague.example where uploads go, 20 s at most',
    `waiting for ${SERVICE} to say where the file goes, 30 s at most`,
  ]);
  // Server and items at a time, then the items; then the place.
  expect(asked.map(([to, what, ms]) => `${to} ${what} ${ms}`)).toEqual([
    'montague.example query 10000',
    'montague.example query 10000',
    `${SERVICE} query 10000`,
    `${SERVICE} request 30000`,
  ]);
});

test('an upload that was asked for by its name is no news: it is not said that servers can read it (R1105)', async () => {
  const { ended, events } = await uploading(Buffer.from('But, soft!'));
  await ended;
  const told = events.map(({ event }) => event);
  expect(told.filter((event) => event === 'notice' || event === 'warning')).toEqual([]);
  expect(told).toContain('uploaded');
});

test('no second has more bytes than --limit-rate, and how far it is is told (R1105)', async () => {
  const clock = new ManualClock();
  const bytes = randomBytes(12_000);
  const limit = new RateLimit(4000, clock);
  const { ended, events, bodies } = await uploading(bytes, { limit });
  const sent = () =>
    Math.max(0, ...events.map((event) => (event.event === 'progress' ? event.bytes : 0)));
  for (let second = 0; second < 2; second += 1) {
    while (sent() < 4000 * second + 1000) await new Promise(setImmediate);
    await settled();
    expect(sent()).toBeLessThanOrEqual(4000 * second + 1001);
    await clock.advance(1000);
  }
  await clock.advance(10_000);
  await ended;
  expect(bodies).toEqual([bytes]);
});
