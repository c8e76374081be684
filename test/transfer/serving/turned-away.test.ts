import { expect, test } from '@jest/globals';
import { type Element, xml } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { DEFAULT_ALLOW } from '../../../src/transfer/serving/policy.js';
import { type StrangersTold, tellTurnedAway } from '../../../src/transfer/serving/turned-away.js';

const MALLORY = 'mallory@evil.example';
const OFFER = xml('jingle', { xmlns: 'urn:xmpp:jingle:1' });
const QUERY = 'http://jabber.org/protocol/disco#info';
const PROPOSAL = xml('message', { type: 'chat' });

/** What is reported of one after the other. */
function events(allow: readonly string[] = DEFAULT_ALLOW, telling: StrangersTold = {}) {
  const quotas = new Quotas(1);
  return (from: string, asked: Element = OFFER): Event[] => {
    const told: Event[] = [];
    const report = (event: Event) => void told.push(event);
    tellTurnedAway(from, asked, { quotas, allow, isReady: () => true, report, ...telling });
    return told;
  };
}

/** What the user reads without `--verbose`. */
function notices(...[allow, telling]: Parameters<typeof events>) {
  const tell = events(allow, telling);
  return (from: string, asked?: Element): string[] =>
    tell(from, asked).flatMap((told) => (told.event === 'notice' ? [told.text] : []));
}

test('a stranger is told of once, whatever the resource, with what would let them in (R1286)', () => {
  const told = notices();
  expect(told(`${MALLORY}/a`)).toEqual([
    `inband did not let ${MALLORY}/a in; to let them in: --allow own --allow contacts --allow ${MALLORY}`,
  ]);
  for (const from of ['/a', '/b']) expect(told(MALLORY + from)).toEqual([]);
});

test('what would let one in shuts nobody else out, wherever the rules stand (R1320)', () => {
  expect(notices(['example.net'])(MALLORY)).toEqual([
    `inband did not let ${MALLORY} in; to let them in, add --allow ${MALLORY}`,
  ]);
  const allowIn = '/home/bob/.config/inband/config.toml: [receive] allow';
  expect(notices(['own', 'dave@localhost'], { allowIn })(MALLORY)).toEqual([
    `inband did not let ${MALLORY} in; to let them in, add "${MALLORY}" to the list in ${allowIn}`,
  ]);
});

test('of a proposal, which others of the account may take, no more is said than what inband did (R1321)', () => {
  const [told = ''] = notices()(MALLORY, PROPOSAL);
  expect(told).toMatch(/^inband did not let mallory@evil\.example in; to let them in: /);
});

const flood = (tell: (from: string) => Event[]): Event[] =>
  Array.from({ length: 100 }, (_, index) => tell(`${index}@evil.example/x`)).flat();

const countOf = (all: readonly Event[], kind: string): number =>
  all.filter(({ event }) => event === kind).length;

test('of a flood the user reads that there are others, and where there are more names (R1286, R1322)', () => {
  const all = flood(events());
  expect(countOf(all, 'notice')).toBe(21);
  expect(all[20]).toEqual({
    event: 'notice',
    text: 'inband did not let others in, either; --verbose names more of them',
  });
});

test('with --verbose each of a flood has a line of its own (R1322)', () => {
  const all = flood(events(DEFAULT_ALLOW, { isVerbose: true }));
  expect([countOf(all, 'notice'), countOf(all, 'note')]).toEqual([20, 80]);
  expect(all[20]).toEqual({
    event: 'note',
    text: 'inband did not let 20@evil.example/x in; see --allow',
  });
});

test.each<[string, Element, boolean]>([
  ['offers a file by Jingle', OFFER, true],
  ['proposes one', PROPOSAL, true],
  ['offers a file by SI', xml('si', { xmlns: 'http://jabber.org/protocol/si' }), true],
  ['opens a bytestream', xml('open', { xmlns: 'http://jabber.org/protocol/ibb' }), true],
  ['asks for a blob', xml('data', { xmlns: 'urn:xmpp:bob' }), true],
  ['looks for whom to send to', xml('query', { xmlns: QUERY }), true],
  ['sees us online', xml('query', { xmlns: QUERY, node: 'x#y' }), false],
  ['pings', xml('ping', { xmlns: 'urn:xmpp:ping' }), false],
])('whoever %s: told of or not (R1286)', (_, asked, isTold) => {
  expect(notices()(MALLORY, asked)).toHaveLength(isTold ? 1 : 0);
});

test('a server is not told of, which would let in all its accounts (R1286)', () => {
  expect(notices()('evil.example')).toEqual([]);
});

test.each([
  ['a command', '$(reboot)@evil.example', '"$(reboot)@evil.example"'],
  ['several', 'a;b@evil.example', '"a;b@evil.example"'],
  ['backticks', '`a`@evil.example', '"`a`@evil.example"'],
  ['a pipe', 'a|b@evil.example/x', '"a|b@evil.example/x"'],
])('what a shell would run is not given to be copied: %s (R1286)', (_, from, shown) => {
  expect(notices()(from)).toEqual([`inband did not let ${shown} in; see --allow`]);
});

test.each([
  ['of another script', 'аlice@localhost/x', '"аlice@localhost/x"'],
  [
    'of another script, at a domain in ASCII',
    'alice@xn--80ak6aa92e.com',
    'alice@xn--80ak6aa92e.com',
  ],
  ['in capitals, which no server leaves so', 'Alice@localhost', 'Alice@localhost'],
  ['like a flag', '-a@localhost', '-a@localhost'],
  ['very long', `${'a'.repeat(1000)}@localhost`, `${'a'.repeat(100)}…`],
])(
  'a name that may pass for another one is not given to be copied: %s (R1324)',
  (_, from, shown) => {
    const telling = [{}, { allowIn: 'config.toml: [receive] allow' }];
    for (const one of telling) {
      const text = `inband did not let ${shown} in; see --allow`;
      expect(notices(DEFAULT_ALLOW, one)(from)).toEqual([text]);
    }
  },
);

test('one of a room is told by the address there, and the room is not let in (R1324)', () => {
  const marked = xml('x', { xmlns: 'http://jabber.org/protocol/muc#user' });
  const proposal = xml('message', { type: 'chat' }, marked);
  expect(notices()('room@muc.localhost/nick', proposal)).toEqual([
    'inband did not let room@muc.localhost/nick in; see --allow',
  ]);
});
