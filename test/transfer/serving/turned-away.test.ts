import { expect, test } from '@jest/globals';
import { type Element, xml } from '../../../src/session/xml.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { DEFAULT_ALLOW } from '../../../src/transfer/serving/policy.js';
import { tellTurnedAway } from '../../../src/transfer/serving/turned-away.js';

const MALLORY = 'mallory@evil.example';
const OFFER = xml('jingle', { xmlns: 'urn:xmpp:jingle:1' });
const QUERY = 'http://jabber.org/protocol/disco#info';

/** What the user reads without `--verbose`. */
function notices(allow: readonly string[] = DEFAULT_ALLOW) {
  const quotas = new Quotas(1);
  return (from: string, ...[request]: [(Element | undefined)?]): string[] => {
    const told: string[] = [];
    tellTurnedAway(from, request, {
      ...{ quotas, allow, isReady: () => true },
      report: (event) => void (event.event === 'notice' && told.push(event.text)),
    });
    return told;
  };
}

test('a stranger is told of once, whatever the resource, with what would let them in (R1286)', () => {
  const told = notices();
  const remedy = `--allow own --allow contacts --allow ${MALLORY}`;
  expect(told(`${MALLORY}/a`, OFFER)).toEqual([
    `${MALLORY} was turned away; to let them in: ${remedy}`,
  ]);
  for (const from of ['/a', '/b']) expect(told(MALLORY + from, OFFER)).toEqual([]);
  expect(notices(['example.net'])(MALLORY)).toEqual([
    `${MALLORY} was turned away; to let them in, add --allow ${MALLORY}`,
  ]);
});

test('of a flood the user reads that there are others (R1286)', () => {
  const told = notices();
  const all = Array.from({ length: 100 }, (_, index) => told(`${index}@evil.example/x`)).flat();
  expect(all).toHaveLength(21);
  expect(all.at(-1)).toBe('others were turned away, too; --verbose tells of each');
});

test.each<[string, Element | undefined, boolean]>([
  ['offers a file by Jingle', OFFER, true],
  ['proposes one', undefined, true],
  ['offers a file by SI', xml('si', { xmlns: 'http://jabber.org/protocol/si' }), true],
  ['opens a bytestream', xml('open', { xmlns: 'http://jabber.org/protocol/ibb' }), true],
  ['asks for a blob', xml('data', { xmlns: 'urn:xmpp:bob' }), true],
  ['looks for whom to send to', xml('query', { xmlns: QUERY }), true],
  ['sees us online', xml('query', { xmlns: QUERY, node: 'x#y' }), false],
  ['pings', xml('ping', { xmlns: 'urn:xmpp:ping' }), false],
])('whoever %s: told of or not (R1286)', (_, request, isTold) => {
  expect(notices()(MALLORY, request)).toHaveLength(isTold ? 1 : 0);
});

test('a server is not told of, which would let in all its accounts (R1286)', () => {
  expect(notices()('evil.example')).toEqual([]);
});

test.each(['$(reboot)@evil.example', 'a;b@evil.example', '`a`@evil.example', 'a|b@evil.example/x'])(
  'what a shell would run is not given to be copied: %s (R1286)',
  (from) => {
    expect(notices()(from)).toEqual([`${from.split('/')[0]} was turned away; see --allow`]);
  },
);
