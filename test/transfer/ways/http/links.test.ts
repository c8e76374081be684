import { createHash } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { formatKey } from '../../../../src/protocol/seal/public-key.js';
import { StanzaError } from '../../../../src/session/stanza-error.js';
import { ConnectionLost } from '../../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../../src/session/xml.js';
import type { Event } from '../../../../src/transfer/events.js';
import type { SealingOptions } from '../../../../src/transfer/keys/sealing.js';
import { sendAll } from '../../../../src/transfer/sending/send-all.js';
import { DEFAULT_SETTINGS } from '../../../../src/transfer/ways/settings.js';
import { readAll } from '../../../protocol/ibb/bytestreams.js';
import { type HttpsServer, startHttpsServer } from '../../../protocol/network/https-server.js';
import { type Service, sessionsWithServices } from '../../../protocol/socks5/server.js';
import { keyOfNumber, memoryTrust, sendingBy } from '../../../support/sealing.js';
import { smallFile } from '../../sending/linked-inboxes.js';

const NS = 'urn:xmpp:http:upload:0';
const NS_DISCO_INFO = 'http://jabber.org/protocol/disco#info';
const JULIET = 'juliet@capulet.example';
const BYTES = Buffer.from('But, soft!');
const { signal } = new AbortController();

const servers: HttpsServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

interface Options {
  names?: string[];
  text?: string;
  sealing?: SealingOptions;
  /** How each message to her comes back. */
  returned?: StanzaError;
  /** The server that sends it back, when it is asked next. */
  returnedBy?: string;
  /** The first sessions end when a message is to leave. */
  cuts?: number;
  /** The files have other bytes from the second time on that they are read. */
  changed?: Buffer;
}

function changing(name: string, changed: Buffer) {
  let reads = 0;
  return {
    ...smallFile(name, BYTES),
    read: async function* () {
      reads += 1;
      yield reads === 1 ? BYTES : changed;
    },
  };
}

/** Leaves files for Juliet, whose resources nobody sees: what was told, uploaded and sent. */
async function left({
  names = ['letter'],
  text,
  sealing,
  returned,
  returnedBy,
  cuts = 0,
  changed,
}: Options = {}) {
  const bodies: Buffer[] = [];
  const server = await startHttpsServer((request, response) => {
    void readAll(request).then((body) => {
      bodies.push(body);
      response.writeHead(201).end();
    });
  });
  servers.push(server);
  const service: Service = async (stanza) => {
    const request = stanza.getChild('request', NS);
    if (!request) return xml('query', { xmlns: NS_DISCO_INFO }, xml('feature', { var: NS }));
    const url = `${server.origin}/${request.attrs.filename}`;
    return xml('slot', { xmlns: NS }, xml('put', { url }), xml('get', { url }));
  };
  const messages: Element[] = [];
  const sendBack: Record<string, () => void> = {};
  const services = new Map([['upload.montague.example', service]]);
  if (returnedBy !== undefined) {
    services.set(returnedBy, async () => {
      sendBack[returnedBy]?.();
      return xml('ping', { xmlns: 'urn:xmpp:ping' });
    });
  }
  let toCut = cuts;
  const connect = async () => {
    const [romeo] = sessionsWithServices({ services });
    const send = romeo.send.bind(romeo);
    romeo.send = async (stanza) => {
      if (!stanza.is('message')) return send(stanza);
      toCut -= 1;
      const lost = new ConnectionLost('cut');
      if (toCut >= 0) {
        romeo.end(lost);
        throw lost;
      }
      messages.push(stanza);
      const { id, to } = stanza.attrs;
      if (!returned) return;
      const back = xml('message', { type: 'error', id, from: to }, returned.toElement());
      if (returnedBy === undefined) romeo.receive(back);
      else sendBack[returnedBy] = () => romeo.receive(back);
    };
    return romeo;
  };
  const events: Event[] = [];
  const error = await sendAll(
    names.map((name) => (changed ? changing(name, changed) : smallFile(name, BYTES))),
    [`${JULIET}/balcony`],
    {
      ...{ ways: [], links: { trust: async () => ({ ca: server.ca }), text } },
      ...{ settings: DEFAULT_SETTINGS, acceptTimeout: 1000, retryFor: 900_000, again: false },
      ...{ connect, signal, sealing: sealing ?? sendingBy() },
      report: (event) => events.push(event),
      explain: ({ message, name }) => ({ text: `${name}: ${message}`, exitCode: 1, isOurs: false }),
    },
  ).catch((reason) => reason);
  return { events, error, bodies, messages, origin: server.origin };
}

const kindsOf = (events: Event[]) =>
  events.map(({ event }) => event).filter((one) => !['note', 'state', 'pending'].includes(one));

test('a file is uploaded, then told of, and is "left" for the account (R729)', async () => {
  const { events, error, bodies, messages, origin } = await left();
  expect(error).toBeUndefined();
  expect(bodies).toEqual([BYTES]);
  const sha256 = createHash('sha256').update(BYTES).digest();
  const url = `${origin}/letter`;
  expect(messages.map(({ attrs }) => attrs.to)).toEqual([JULIET]);
  expect(messages[0]?.getChild('body')?.getText()).toBe(url);
  expect(messages[0]?.toString()).toContain(sha256.toString('base64'));
  expect(events.find(({ event }) => event === 'left')).toEqual({
    ...{ event: 'left', id: expect.any(Number), peer: JULIET, name: 'letter', size: 10 },
    ...{ sha256: sha256.toString('hex'), url },
  });
  expect(kindsOf(events).filter((one) => one !== 'progress')).toEqual([
    ...['offer', 'notice', 'start', 'left'],
  ]);
});

test('a place on the server is what is waited for, and no consent (R1104)', async () => {
  const { events } = await left();
  const waits = events.map((event) => (event.event === 'pending' ? event.text : ''));
  expect(waits.filter((text) => text.startsWith('waiting'))).toEqual([
    'waiting for your server to say where the file goes, 50 s at most',
  ]);
});

test('servers that will be able to read a file are named before its first byte (R729)', async () => {
  const { events } = await left();
  expect(events.find(({ event }) => event === 'notice')).toEqual({
    event: 'notice',
    text: `letter is left on upload.montague.example for ${JULIET}, not encrypted: servers will be able to read it`,
  });
});

test('each file has a message of its own, and words go once before them (R729)', async () => {
  const { messages, origin } = await left({ names: ['a', 'b'], text: 'for you' });
  const bodies = messages.map((message) => message.getChild('body')?.getText());
  expect(bodies).toEqual(['for you', `${origin}/a`, `${origin}/b`]);
});

test('a message that comes back leaves nothing, and nothing is uploaded anew (R729)', async () => {
  const returned = new StanzaError('cancel', 'service-unavailable');
  const { events, bodies } = await left({ returned });
  expect(bodies.length).toBe(1);
  expect(events.find(({ event }) => event === 'failed')).toMatchObject({
    error: `LinkReturned: the message with the link came back from ${JULIET} (service-unavailable)`,
  });
  expect(kindsOf(events)).not.toContain('left');
});

test('a message that the server of its recipient sends back leaves nothing either (R1171)', async () => {
  const returned = new StanzaError('cancel', 'service-unavailable');
  const { events } = await left({ returned, returnedBy: 'capulet.example' });
  expect(events.find(({ event }) => event === 'failed')).toMatchObject({
    error: `LinkReturned: the message with the link came back from ${JULIET} (service-unavailable)`,
  });
  expect(kindsOf(events)).not.toContain('left');
});

test('a file that lies there when the session ends is told of on the next one, and not uploaded again (R943)', async () => {
  const { events, error, bodies, messages, origin } = await left({ cuts: 2 });
  expect(error).toBeUndefined();
  expect(bodies).toEqual([BYTES]);
  expect(messages.length).toBe(1);
  const sha256 = createHash('sha256').update(BYTES).digest('hex');
  const url = `${origin}/letter`;
  expect(events.find(({ event }) => event === 'left')).toMatchObject({ url, sha256, size: 10 });
});

test('a file that has changed by then is uploaded anew (R943)', async () => {
  const changed = Buffer.from('What light');
  const { events, error, bodies, messages } = await left({ cuts: 1, changed });
  expect([error, bodies, messages.length]).toEqual([undefined, [BYTES, changed], 1]);
  const notices = events.map((event) => (event.event === 'notice' ? event.text : ''));
  expect(notices.join('\n')).toContain('the file has changed since it was uploaded');
  const sha256 = createHash('sha256').update(changed).digest('hex');
  expect(events.find(({ event }) => event === 'left')).toMatchObject({ sha256 });
});

const known = () => {
  const trusted = memoryTrust();
  const key = formatKey(keyOfNumber(1).publicKey);
  trusted.of.set(JULIET, [{ key, isVerified: false, since: new Date(0) } as never]);
  return trusted;
};

test.each<[string, Partial<SealingOptions>]>([
  ['to one whose key is known', { encrypt: 'auto', trusted: known() }],
  ['where encryption is required', { encrypt: 'require' }],
  ['where the key was given', { encrypt: 'auto', toKey: 'a'.repeat(52) }],
  ['to the own account', { encrypt: 'auto', account: `${JULIET}/other` }],
])('nothing is left %s, nor uploaded (R730)', async (_what, options) => {
  const { events, bodies, messages } = await left({ sealing: sendingBy(options) });
  expect([bodies, messages]).toEqual([[], []]);
  expect(events.find(({ event }) => event === 'failed')).toMatchObject({
    error: expect.stringMatching(
      /^NotSealed: what is left on a server with a link is not encrypted, and (you want it to be|juliet\S+ has a key)$/,
    ),
  });
});

test('--encrypt off leaves it to whomever (R730)', async () => {
  const { bodies } = await left({ sealing: sendingBy({ encrypt: 'off', trusted: known() }) });
  expect(bodies).toEqual([BYTES]);
});
