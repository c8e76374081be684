import { expect, test } from '@jest/globals';
import { type Element, xml } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { probeOnline } from '../../../src/transfer/finding/probe-online.js';
import { RecipientUnreachable } from '../../../src/transfer/recipient-errors.js';
import { sessionsWithServices } from '../../protocol/socks5/server.js';
import { JULIET, linkedSessions } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { memoryTrust, sendingBy } from '../../support/sealing.js';

test('who is asked what it can do is told, as it was typed', async () => {
  const [session] = linkedSessions();
  const told: Event[] = [];
  const probe = await probeOnline(JULIET, {
    ...{ connect: async () => session, report: (event: Event) => told.push(event) },
    ...{
      signal: new AbortController().signal,
      sealing: sendingBy({ encrypt: 'auto' }),
      lane: undefined,
    },
  });
  expect(probe.resources).toEqual([]);
  expect(told).toContainEqual(
    expect.objectContaining({ event: 'pending', text: `asking ${JULIET}` }),
  );
});

test('that nobody is there is told, though the connection is cut while the server is asked about uploads (R1327)', async () => {
  const clock = new ManualClock();
  const asksUploads = (stanza: Element) =>
    stanza.attrs.to === 'montague.example' && stanza.is('iq') && stanza.attrs.type === 'get';
  const [session] = linkedSessions((stanza, deliver) => {
    if (!asksUploads(stanza)) deliver(stanza);
  });
  const probed = probeOnline(JULIET, {
    ...{ connect: async () => session, report: () => undefined, lane: undefined, clock },
    ...{
      signal: new AbortController().signal,
      sealing: sendingBy({ encrypt: 'auto' }),
    },
  });
  await settled();
  session.suspend();
  await clock.advance(20_000);
  expect((await probed).nobody).toBeInstanceOf(RecipientUnreachable);
});

const field = (name: string, value: string) => xml('field', { var: name }, xml('value', {}, value));
const UPLOADS = 'urn:xmpp:http:upload:0';
const INFO = xml(
  'query',
  { xmlns: 'http://jabber.org/protocol/disco#info' },
  xml('feature', { var: UPLOADS }),
  xml('x', { xmlns: 'jabber:x:data' }, field('FORM_TYPE', UPLOADS), field('max-file-size', '9')),
);

/** Whether it is told what the own server takes. */
async function tellsUploads(jid: string, sealing = sendingBy({ encrypt: 'auto' })) {
  const [romeo] = sessionsWithServices({
    services: new Map([['upload.montague.example', async () => INFO]]),
  });
  const told: Event[] = [];
  await probeOnline(jid, {
    ...{ connect: async () => romeo, report: (event: Event) => told.push(event), sealing },
    ...{ signal: new AbortController().signal, lane: { direct: 'proxies', proxy: undefined } },
  });
  return told.some(({ event }) => event === 'uploads');
}

test('what the own server takes is told only where something could be left there (R1347)', async () => {
  const trusted = memoryTrust();
  trusted.of.set('nurse@capulet.example', [{ key: 'k', isVerified: false, since: new Date(0) }]);
  const sealing = sendingBy({ encrypt: 'auto', trusted });
  expect(await tellsUploads('nurse@capulet.example')).toBe(true);
  expect(await tellsUploads('nurse@capulet.example', sealing)).toBe(false);
  expect(await tellsUploads('montague.example')).toBe(false);
  const own = sendingBy({ encrypt: 'auto', account: 'nurse@capulet.example' });
  expect(await tellsUploads('nurse@capulet.example', own)).toBe(false);
});
