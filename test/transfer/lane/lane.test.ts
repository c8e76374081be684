import { describe, expect, test } from '@jest/globals';
import { type Element, xml } from '../../../src/session/xml.js';
import { Lane, type LaneOptions, laneToNamed } from '../../../src/transfer/lane/lane.js';
import { DIRECT } from '../../../src/transfer/lane/names.js';
import { MemoryInternet, ownAddress } from '../../protocol/network/memory-network.js';
import { TestProxy } from '../../protocol/socks5/proxy.js';
import { servicesOf, sessionsWithServices } from '../../protocol/socks5/server.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const [BENVOLIO, LAPTOP] = ['benvolio@montague.example/inband', 'romeo@montague.example/laptop'];
const never = new AbortController().signal;
const PROXY = 'proxy.montague.example';
/** That of the network, and not of the server. */
const NETWORK_PROXY = { kind: 'socks5', host: '127.0.0.1', port: 9050, except: [] } as const;

/** Romeo's lane; his server has a proxy or none. */
function laneOf(direct: LaneOptions['direct'], hasProxy = true, byProxy?: LaneOptions['proxy']) {
  const proxy = new TestProxy(PROXY, '11.0.0.7', 5000);
  const asked: Element[] = [];
  const services = servicesOf(...(hasProxy ? [proxy] : []));
  const [session] = sessionsWithServices({ services, asked });
  const internet = new MemoryInternet();
  const network = internet.of([ownAddress('11.0.1.1')]);
  const clock = new ManualClock();
  const options = laneToNamed({ direct, network, clock, proxy: byProxy });
  return { options, asked, internet, clock, lane: new Lane(session, options) };
}

describe('the lane of a session', () => {
  test.each<[LaneOptions['direct'], string[], string[]]>([
    ['never', [PROXY], [PROXY]],
    ['own', ['direct', PROXY], [PROXY]],
    ['proxies', ['direct', PROXY], [PROXY, 'theirs']],
    ['contacts', ['direct', PROXY], ['direct', PROXY, 'theirs']],
  ])(
    'tells what may be tried by --direct %s: to the own account, and to another server (R607)',
    async (direct, own, other) => {
      const { lane } = laneOf(direct);
      expect(await lane.waysTo(LAPTOP, never)).toEqual(own);
      expect(await lane.waysTo(JULIET, never)).toEqual(other);
    },
  );

  test('is not offered where two of one server know no proxy, and may not meet (R608)', async () => {
    const reaches = (direct: LaneOptions['direct'], peer: string, hasProxy: boolean) =>
      laneOf(direct, hasProxy).lane.mayReach(peer, true, never);
    expect(await reaches('proxies', BENVOLIO, false)).toBe(false);
    expect(await reaches('proxies', BENVOLIO, true)).toBe(true);
    expect(await reaches('contacts', BENVOLIO, false)).toBe(true);
    expect(await reaches('proxies', LAPTOP, false)).toBe(true);
    expect(await reaches('never', LAPTOP, false)).toBe(false);
    expect(await reaches('never', JULIET, false)).toBe(true);
  });

  test('is worth it for what can be read again, from 32 KiB on, where it has not just failed (R604)', () => {
    const { options, lane } = laneOf('proxies');
    const isWorthwhile = (size?: number) =>
      lane.isWorthwhile(JULIET, { name: 'a', ...(size === undefined ? {} : { size }) });
    expect([32_768, 32_767, undefined].map(isWorthwhile)).toEqual([true, false, false]);
    options.failures?.failed(JULIET);
    expect(isWorthwhile(32_768)).toBe(false);
  });
});

test('is offered for four files at a time, as a proxy may take no more of one user (R616)', async () => {
  const { lane } = laneOf('proxies');
  const overs = Array.from({ length: 4 }, () => new AbortController());
  const isWorthwhile = () => lane.isWorthwhile(BENVOLIO, { name: 'a', size: 32_768 });
  for (const { signal: over } of overs) {
    expect(isWorthwhile()).toBe(true);
    lane.transport.offer({ peer: BENVOLIO, over, inform: async () => undefined }, {});
  }
  expect(isWorthwhile()).toBe(false);
  // Where it is asked for it there is no other way.
  expect(await lane.mayReach(BENVOLIO, true, never)).toBe(true);
  overs[2]?.abort(new Error('its Jingle session has ended'));
  expect(isWorthwhile()).toBe(true);
});

test('what was asked ahead is not asked again (R609)', async () => {
  const { lane, asked } = laneOf('proxies');
  lane.prepare();
  await settled();
  const before = asked.length;
  expect(before).toBeGreaterThan(2);
  expect(await lane.waysTo(LAPTOP, never)).toEqual(['direct', PROXY]);
  expect(asked).toHaveLength(before);
});

test('a recipient of the own account is known as such, whatever its resource (R607)', () => {
  const [session] = sessionsWithServices({ services: new Map() });
  const { relationOf } = laneToNamed({ direct: 'proxies' });
  const found = [ROMEO, LAPTOP, JULIET].map((peer) => relationOf(peer, session));
  expect(found).toEqual(['own', 'own', 'known']);
});

describe('what the server calls the own account', () => {
  const offered: [type: string, host: string][] = [
    ['direct', '127.0.0.1'],
    ['direct', '192.168.1.1'],
    ['proxy', '169.254.169.254'],
    ['direct', '9.9.9.9'],
    ['proxy', '9.9.9.8'],
  ];
  const OFFER = xml(
    'transport',
    { xmlns: 'urn:xmpp:jingle:transports:s5b:1', sid: 's1' },
    ...offered.map(([type, host], index) =>
      xml('candidate', {
        ...{ type, host, port: 6379, cid: `c${index}`, jid: LAPTOP, priority: 9 - index },
      }),
    ),
  );

  /** What is connected to because of an offer, and how many addresses the answer shows. */
  async function triedFor(
    direct: LaneOptions['direct'],
    isSealed: boolean,
    byProxy?: LaneOptions['proxy'],
  ) {
    const { lane, internet, clock } = laneOf(direct, false, byProxy);
    const over = new AbortController();
    const told = { peer: LAPTOP, isSealed, over: over.signal, inform: async () => undefined };
    const negotiation = lane.transport.answer(told, OFFER, undefined);
    const answer = await negotiation.describe();
    const expected = negotiation.expect(never).catch((error: Error) => error);
    await clock.advance(10_000);
    await expected;
    over.abort();
    return { tried: internet.tried, shown: answer.getChildren('candidate').length };
  }

  test.each<[LaneOptions['direct'], string[]]>([
    ['never', []],
    ['own', []],
    ['proxies', ['9.9.9.8:6379']],
    ['contacts', ['9.9.9.9:6379', '9.9.9.8:6379']],
  ])(
    'is no more than a contact in the clear, and nothing inside our network is connected to, by --direct %s (R1050)',
    async (direct, tried) => {
      const found = await triedFor(direct, false);
      expect(found).toEqual({ tried, shown: direct === 'contacts' ? 1 : 0 });
    },
  );

  test('is met anywhere by what is sealed (R1050)', async () => {
    const all = offered.map(([, host]) => `${host}:6379`);
    expect(await triedFor('proxies', true)).toEqual({ tried: all, shown: 1 });
  });

  test.each(DIRECT)(
    'is neither met nor shown an address where all goes by a proxy of the network, by --direct %s (R1097)',
    async (direct) => {
      for (const isSealed of [true, false]) {
        expect(await triedFor(direct, isSealed, NETWORK_PROXY)).toEqual({ tried: [], shown: 0 });
      }
      const { lane } = laneOf(direct, true, NETWORK_PROXY);
      expect(await lane.waysTo(LAPTOP, never)).toEqual([PROXY]);
    },
  );

  test('is not offered what is in the clear where only a direct way could be (R1050)', async () => {
    const { lane } = laneOf('proxies', false);
    expect(await lane.mayReach(LAPTOP, false, never)).toBe(false);
    expect(await lane.mayReach(LAPTOP, true, never)).toBe(true);
  });
});

test.each([
  [JULIET, JULIET],
  [`${JULIET}: all is well`, `"${JULIET}: all is well"`],
])(
  'why there was no connection is told for --verbose, of %s (R1287, R1323)',
  async (peer, shown) => {
    const notes: string[] = [];
    const [session] = sessionsWithServices({ services: servicesOf() });
    const clock = new ManualClock();
    const network = new MemoryInternet().of([]);
    const wanted = { direct: 'proxies' as const, network, clock };
    const lane = new Lane(
      session,
      laneToNamed(wanted, (text) => notes.push(text)),
    );
    const candidate = xml('candidate', {
      ...{ type: 'proxy', host: '11.0.0.8', port: 7777, cid: 'c', jid: PROXY, priority: 9 },
    });
    const offer = { xmlns: 'urn:xmpp:jingle:transports:s5b:1', sid: 's1' };
    const over = new AbortController();
    const told = { peer, isSealed: true, over: over.signal, inform: async () => undefined };
    const negotiation = lane.transport.answer(told, xml('transport', offer, candidate), undefined);
    await negotiation.describe();
    const expected = negotiation.expect(never).catch((error: Error) => error);
    await clock.advance(10_000);
    await expected;
    over.abort();
    expect(notes).toEqual([
      `no connection with ${shown} beside the XMPP stream: the proxy ${PROXY} (11.0.0.8 port 7777): nothing listens there`,
    ]);
  },
);
