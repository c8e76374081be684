import { expect, test } from '@jest/globals';
import { enableCarbons, readCarbon } from '../../../src/protocol/messages/carbons.js';
import { linkedSessions, parse, ROMEO } from '../../support/linked-sessions.js';

const OWN = 'romeo@montague.example';
const JULIET = 'juliet@capulet.example/balcony';

interface Parts {
  by?: string;
  kind?: string;
  carbons?: string;
  forward?: string;
  from?: string;
  to?: string;
}

/** XEP-0280 §6, with what a test replaces. */
function carbon(parts: Parts) {
  const { by = OWN, kind = 'received', carbons = 'urn:xmpp:carbons:2' } = parts;
  const { forward = 'urn:xmpp:forward:0', from = JULIET, to = OWN } = parts;
  return parse(`<message from='${by}' to='${ROMEO}'><${kind} xmlns='${carbons}'>
      <forwarded xmlns='${forward}'><message xmlns='jabber:client' from='${from}' to='${to}'>
        <body>What man art thou?</body></message></forwarded></${kind}></message>`);
}

test('carbons are asked for from the own server', async () => {
  const sent: string[] = [];
  const [romeo] = linkedSessions(({ attrs, children }) => {
    sent.push(`${attrs.type} ${attrs.to} ${children.join()}`);
    romeo.receive(parse(`<iq type='result' id='${attrs.id}'/>`));
  });
  await enableCarbons(romeo);
  expect(sent).toEqual([`set undefined <enable xmlns="urn:xmpp:carbons:2"/>`]);
});

test.each([OWN, ROMEO, `${OWN}/phone`])('the message to %s is in the carbon of it', (to) => {
  const carried = readCarbon(carbon({ to }), ROMEO);
  expect(carried?.attrs).toMatchObject({ from: JULIET, to });
  expect(carried?.getChild('body')?.getText()).toBe('What man art thou?');
});

test('a server may leave out that it is the own account that speaks', () => {
  const message = carbon({});
  delete message.attrs.from;
  expect(readCarbon(message, ROMEO)).toBeDefined();
});

test.each<[string, Parts]>([
  ['somebody else has wrapped', { by: 'mallory@montague.example' }],
  ['another resource of the own account has wrapped', { by: `${OWN}/phone` }],
  ['tells what another resource sent', { kind: 'sent' }],
  ['is for nobody', { to: '' }],
  ['is for another account', { to: 'nurse@capulet.example' }],
  ['comes from no address', { from: 'juliet@@balcony' }],
  ['comes from nobody', { from: '' }],
  ['has another namespace', { carbons: 'urn:xmpp:carbons:1' }],
  ['is not forwarded', { forward: 'urn:example' }],
])('nothing is read from one that %s', (_, parts) => {
  expect(readCarbon(carbon(parts), ROMEO)).toBeUndefined();
});

test.each([
  `<message from='${OWN}'><received xmlns='urn:xmpp:carbons:2'/></message>`,
  `<message from='${OWN}'><received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></received></message>`,
  `<message from='${OWN}'><forwarded xmlns='urn:xmpp:forward:0'><message from='${JULIET}' to='${OWN}'/></forwarded></message>`,
])('nothing is read from %s', (text) => {
  expect(readCarbon(parse(text), ROMEO)).toBeUndefined();
});
