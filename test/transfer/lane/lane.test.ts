import { describe, expect, test } from '@jest/globals';
import type { Element } from '../../../src/session/xml.js';
import { Lane, type LaneOptions, laneToNamed } from '../../../src/transfer/lane/lane.js';
import { MemoryInternet, ownAddress } from '../../protocol/network/memory-network.js';
import { TestProxy } from '../../protocol/socks5/proxy.js';
import { servicesOf, sessionsWithServices } from '../../protocol/socks5/server.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const [BENVOLIO, LAPTOP] = ['benvolio@montague.example/inband', 'romeo@montague.example/laptop'];
const never = new AbortController().signal;
const PROXY = 'proxy.montague.example';

/** Romeo's lane; his server has a proxy or none. */
function laneOf(direct: LaneOptions['direct'], hasProxy = true) {
  const proxy = new TestProxy(PROXY, '11.0.0.7', 5000);
  const asked: Element[] = [];
  const services = servicesOf(...(hasProxy ? [proxy] : []));
  const [session] = sessionsWithServices({ services, asked });
  const network = new MemoryInternet().of([ownAddress('11.0.1.1')]);
  const options = laneToNamed({ direct, network, clock: new ManualClock() });
  return { options, asked, lane: new Lane(session, options) };
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
      laneOf(direct, hasProxy).lane.mayReach(peer, never);
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
  expect(await lane.mayReach(BENVOLIO, never)).toBe(true);
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
