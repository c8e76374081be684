import { expect, test } from '@jest/globals';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { StanzaSession } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { remembering } from '../../../src/transfer/people/known-contacts.js';
import { settled } from '../../support/manual-clock.js';

const item = (jid: string, subscription: string) => xml('item', { jid, subscription });

/** What is kept after a login, where the server answers so. */
async function keptAfterLogin(isOld: boolean, answer: Element): Promise<(readonly string[])[]> {
  const kept: (readonly string[])[] = [];
  const session: StanzaSession = new StanzaSession('juliet@example.com/balcony', {
    write: async ({ attrs: { id } }) => {
      const type = answer.is('error') ? 'error' : 'result';
      setImmediate(() => session.receive(xml('iq', { type, id }, answer)));
    },
    close: async () => undefined,
  });
  const connect = remembering(async () => session, {
    list: async () => [],
    isOld: async () => isOld,
    keep: async (jids) => void kept.push(jids),
  });
  expect(await connect()).toBe(session);
  await settled();
  return kept;
}

const roster = (...items: Element[]) => xml('query', { xmlns: 'jabber:iq:roster' }, ...items);

test('who is in the roster at a login is kept, whatever the subscription (R204)', async () => {
  const items = [item('romeo@example.net/x', 'both'), item('nurse@example.com', 'none')];
  const kept = await keptAfterLogin(true, roster(...items, item('a b@c', 'both')));
  expect(kept).toEqual([['romeo@example.net', 'nurse@example.com']]);
});

test('no more than a thousand are kept (R204)', async () => {
  const items = Array.from({ length: 1500 }, (_, index) => item(`a${index}@example.net`, 'to'));
  const [kept] = await keptAfterLogin(true, roster(...items));
  expect(kept?.length).toBe(1000);
});

test('a roster that was read of late is not asked for (R204)', async () => {
  expect(await keptAfterLogin(false, roster(item('romeo@example.net', 'both')))).toEqual([]);
});

test('a roster that is refused disturbs nobody (R204)', async () => {
  const refused = new StanzaError('cancel', 'service-unavailable').toElement();
  expect(await keptAfterLogin(true, refused)).toEqual([]);
});
