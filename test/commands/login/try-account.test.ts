import { expect, test } from '@jest/globals';
import { tryAccount } from '../../../src/commands/login/try-account.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { linkedSessions } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const INFO = 'http://jabber.org/protocol/disco#info';
const ITEMS = 'http://jabber.org/protocol/disco#items';
const UPLOAD = 'urn:xmpp:http:upload:0';

/** What is told of a server that answers these, by namespaces. */
async function toldOf(
  answers: Record<string, Element>,
  mechanism: string,
  { maxStanzaBytes, isWebSocket = false }: { maxStanzaBytes?: number; isWebSocket?: boolean } = {},
) {
  const intercept = (stanza: Element, deliver: (stanza: Element) => void) => {
    const [payload] = stanza.getChildElements();
    // The domain itself answers, which is the other session here.
    if (stanza.is('iq') && ['get', 'set'].includes(stanza.attrs.type ?? '')) {
      stanza.attrs.to = 'juliet@capulet.example/balcony';
      asked.push(payload?.attrs.xmlns ?? '');
    } else if (stanza.is('iq')) {
      stanza.attrs.from = 'montague.example';
    }
    deliver(stanza);
  };
  const asked: string[] = [];
  const options = maxStanzaBytes === undefined ? {} : { maxStanzaBytes };
  const [romeo, server] = linkedSessions(intercept, options);
  for (const xmlns of [INFO, ITEMS, 'jabber:iq:version']) {
    server.handle('get', xmlns, 'query', () => {
      const answer = answers[xmlns];
      if (!answer) throw new StanzaError('cancel', 'service-unavailable');
      return answer;
    });
  }
  const events: Event[] = [];
  await tryAccount(
    async ({ onLogin } = {}) => {
      const reached = { host: 'xmpp.example', port: 5222, isWebSocket, isFallback: false };
      onLogin?.({ ...reached, tls: 'TLSv1.3', mechanism });
      return romeo;
    },
    (event) => void events.push(event),
    new AbortController().signal,
  );
  return events.flatMap((event) =>
    event.event === 'notice' || event.event === 'pending' ? [event.text] : [],
  );
}

test('login tells what server it is, and what it takes (R992)', async () => {
  const form = xml(
    'x',
    { xmlns: 'jabber:x:data', type: 'result' },
    xml('field', { var: 'FORM_TYPE', type: 'hidden' }, xml('value', {}, UPLOAD)),
    xml('field', { var: 'max-file-size' }, xml('value', {}, '5000000')),
  );
  const told = await toldOf(
    {
      [INFO]: xml('query', { xmlns: INFO }, xml('feature', { var: UPLOAD }), form),
      'jabber:iq:version': xml(
        'query',
        { xmlns: 'jabber:iq:version' },
        xml('name', {}, 'Prosody'),
        xml('version', {}, '0.12.3'),
      ),
    },
    'SCRAM-SHA-256-PLUS',
    { maxStanzaBytes: 262_144 },
  );
  expect(told).toEqual([
    'asking the server what it offers',
    'connected to xmpp.example port 5222 with TLSv1.3, logged in by SCRAM-SHA-256-PLUS, bound to this connection',
    'the server is Prosody 0.12.3',
    'it takes uploads of up to 5 MB (montague.example)',
    'it has no proxy for what goes beside the XMPP stream',
    'it takes stanzas of up to 262 kB',
  ]);
});

test('login tells of a server that offers nothing, and says nothing of itself (R992)', async () => {
  expect(await toldOf({}, 'SCRAM-SHA-1', { isWebSocket: true })).toEqual([
    'asking the server what it offers',
    'connected to xmpp.example port 5222 by WebSocket with TLSv1.3, logged in by SCRAM-SHA-1',
    'it takes no uploads',
    'it has no proxy for what goes beside the XMPP stream',
  ]);
});

test('login goes on where the connection is cut while the server is asked what it offers (R1327)', async () => {
  const clock = new ManualClock();
  const [romeo] = linkedSessions(() => romeo.suspend());
  const told: string[] = [];
  const trying = tryAccount(
    async () => romeo,
    (event) => void (event.event === 'notice' && told.push(event.text)),
    new AbortController().signal,
    clock,
  );
  await settled();
  expect(romeo.state).toBe('resuming');
  await clock.advance(20_000);
  await trying;
  expect(told).toEqual(['it has not said what it offers']);
  expect(romeo.state).toBe('offline');
});
