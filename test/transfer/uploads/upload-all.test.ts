import { afterEach, expect, test } from '@jest/globals';
import type { RequestOptions } from '../../../src/session/session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { uploadAll } from '../../../src/transfer/uploads/upload-all.js';
import { readAll } from '../../protocol/ibb/bytestreams.js';
import { type HttpsServer, startHttpsServer } from '../../protocol/network/https-server.js';
import { type Service, sessionsWithServices } from '../../protocol/socks5/server.js';
import { smallFile } from '../sending/linked-inboxes.js';

const NS = 'urn:xmpp:http:upload:0';
const SERVICE = 'upload.montague.example';

let server: HttpsServer | undefined;
afterEach(() => server?.stop());

test('what is waited for is told with how long that is at most, which it is (R1104)', async () => {
  server = await startHttpsServer((request, response) => {
    void readAll(request).then(() => response.writeHead(201).end());
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
  const asked: [to: string | undefined, what: string | undefined, ms: number | undefined][] = [];
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
  await uploadAll([smallFile('a', Buffer.from('But, soft!'))], {
    ...{ account: 'romeo@montague.example', connect, trust: async () => ({ ca }), retryFor: 0 },
    ...{ signal: new AbortController().signal, report: (event) => void events.push(event) },
    explain: ({ message }) => ({ text: message, exitCode: 1, isOurs: false }),
  });
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
