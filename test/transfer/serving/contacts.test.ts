import { expect, test } from '@jest/globals';
import { bareJid } from '../../../src/session/jid.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { xml } from '../../../src/session/xml.js';
import { keepContacts } from '../../../src/transfer/serving/contacts.js';
import { JULIET, linkedSessions, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock } from '../../support/manual-clock.js';

const NS_ROSTER = 'jabber:iq:roster';
const NURSE = 'nurse@capulet.example';

/** A server that cannot read the contacts so many times. */
async function contactsAfter(failures: number) {
  const clock = new ManualClock();
  const [session, server] = linkedSessions((stanza, deliver) => {
    if (stanza.attrs.from === JULIET) stanza.attrs.from = bareJid(ROMEO);
    deliver(stanza);
  });
  let asked = 0;
  server.handle('get', NS_ROSTER, 'query', () => {
    asked += 1;
    if (asked <= failures) throw new StanzaError('wait', 'internal-server-error');
    const item = xml('item', { jid: NURSE, subscription: 'both' });
    return xml('query', { xmlns: NS_ROSTER }, item);
  });
  const told: string[] = [];
  const contacts = await keepContacts(session, (text) => told.push(text), clock);
  return { clock, session, contacts, told, asked: () => asked };
}

test('contacts that could not be read at first are let in when they can (R86)', async () => {
  const { clock, contacts, told, asked } = await contactsAfter(2);
  expect(contacts.has(NURSE)).toBe(false);
  await clock.advance(30_000);
  expect(contacts.has(NURSE)).toBe(false);
  await clock.advance(60_000);
  expect([contacts.has(NURSE), asked()]).toEqual([true, 3]);
  expect(told).toEqual([
    'the contacts cannot be read, so none is let in (internal-server-error); trying again later',
    'the contacts can be read again, and are let in',
  ]);
});

test('nobody asks for them any more when the session has ended', async () => {
  const { clock, session, asked } = await contactsAfter(100);
  session.end(new ConnectionLost('over'));
  await clock.advance(60 * 60_000);
  expect([asked(), clock.sleepers]).toEqual([1, 0]);
});
