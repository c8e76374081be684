import { describe, expect, test } from '@jest/globals';
import {
  connectTo,
  usable,
} from '../../../../../src/protocol/jingle/transports/s5b/peers-candidates.js';
import type { Candidate } from '../../../../../src/protocol/jingle/transports/s5b/s5b-stanzas.js';
import type { Negotiation } from '../../../../../src/protocol/jingle/transports/transport.js';
import { type Direct, type Relation, reachOf } from '../../../../../src/protocol/network/direct.js';
import { type Element, xml } from '../../../../../src/session/xml.js';
import { DIRECT } from '../../../../../src/transfer/lane/names.js';
import { ROMEO } from '../../../../support/linked-sessions.js';
import { settled } from '../../../../support/manual-clock.js';
import { MemoryInternet, ownAddress } from '../../../network/memory-network.js';
import { never } from './negotiations.js';
import { world } from './world.js';

/** What a peer could be after: its own machine, those in our network, those in another one, and services of others. */
const HOSTS = [
  ...['127.0.0.1', '::1', '0.0.0.0', '::', '255.255.255.255', '224.0.0.1', 'localhost.example'],
  ...['192.168.4.1', '10.0.0.1', '172.16.0.1', '169.254.169.254', 'fd00::1', 'fe80::1'],
  ...['11.0.2.9', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::'],
  ...['0x7f.1', '2130706433', '127.1', 'several.example', 'public.example', '9.9.9.9'],
];

const PORTS = [1, 22, 25, 80, 443, 1023, 1024, 5222, 65_535];

/** Names as a system would resolve them. */
const NAMES: [string, string[]][] = [
  ['localhost.example', ['127.0.0.1']],
  ['several.example', ['9.9.9.9', '10.0.0.1']],
  ['public.example', ['9.9.9.8']],
  ...['0x7f.1', '2130706433', '127.1'].map((name): [string, string[]] => [name, ['127.0.0.1']]),
];

const isPublic = (at: string) => /^9\.9\.9\.[89]:|^11\.0\.2\.9:/.test(at);

/** What may be tried at all. Juliet's own network is 11.0.2.0/24, which is public. */
const LETS: Record<Direct, Record<Relation, 'nothing' | 'public proxies' | 'public' | 'all'>> = {
  never: { own: 'nothing', known: 'nothing', other: 'nothing' },
  own: { own: 'all', known: 'nothing', other: 'nothing' },
  proxies: { own: 'all', known: 'public proxies', other: 'nothing' },
  contacts: { own: 'all', known: 'public', other: 'nothing' },
};

const RELATIONS = ['own', 'known', 'other'] as const;
const ROWS = DIRECT.flatMap((direct) => RELATIONS.map((relation) => [direct, relation] as const));

/** One each, of each type, at each host and port; what is offered first is tried first. */
const OFFERS = (['direct', 'assisted', 'tunnel', 'proxy'] as const).flatMap((type) =>
  HOSTS.flatMap((host) => PORTS.map((port) => ({ type, host, port }))),
);

const element = (candidates: typeof OFFERS): Element =>
  xml(
    'transport',
    { xmlns: 'urn:xmpp:jingle:transports:s5b:1', sid: 's1' },
    ...candidates.map((one, index) =>
      // It claims to be the proxy of her server, too.
      xml('candidate', {
        ...one,
        cid: `c${index}`,
        jid: 'proxy.capulet.example',
        priority: 9_000_000 - index,
      }),
    ),
  );

/** What Juliet has tried to connect to for such an offer. */
async function triedFor(direct: Direct, relation: Relation, candidates: typeof OFFERS) {
  const { internet, hers, clock } = world({ hers: [direct, relation] });
  for (const [name, addresses] of NAMES) internet.names.set(name, addresses);
  const over = new AbortController().signal;
  const negotiators = { peer: ROMEO, over, inform: async () => undefined };
  const negotiation: Negotiation = hers.answer(negotiators, element(candidates), undefined);
  await negotiation.describe();
  const expected = negotiation.expect(never).catch((error: Error) => error.message);
  await clock.advance(10_000);
  expect(await expected).toBe('nobody answered in time');
  return internet.tried;
}

describe.each(ROWS)('--direct %s, %s', (direct, relation) => {
  const lets = LETS[direct][relation];

  test('connects to nothing that it does not let (R508)', async () => {
    const tried: string[] = [];
    for (let from = 0; from < OFFERS.length; from += 60) {
      tried.push(...(await triedFor(direct, relation, OFFERS.slice(from, from + 60))));
    }
    if (lets === 'nothing') return expect(tried).toEqual([]);
    expect(tried.length).toBeGreaterThan(0);
    const ports = tried.map((at) => Number(at.slice(at.lastIndexOf(':') + 1)));
    expect(Math.min(...ports)).toBe(1024);
    if (lets !== 'all') expect(tried.filter((at) => !isPublic(at))).toEqual([]);
    expect(
      tried.filter(
        (at) =>
          /^(0\.0\.0\.0|::|255\.|224\.|::ffff:|64:)/.test(at.replace(/:\d+$/, '')) &&
          !at.startsWith('::1:'),
      ),
    ).toEqual([]);
  });

  test('tries five of ten thousand candidates at most (R508)', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      ...{ type: 'proxy' as const, host: '9.9.9.9', port: 1024 + index },
    }));
    const tried = await triedFor(direct, relation, many);
    const expected =
      lets === 'nothing' ? [] : many.slice(0, 5).map(({ port }) => `9.9.9.9:${port}`);
    expect(tried).toEqual(expected);
  });
});

describe('the proxy of the own server', () => {
  const OWN = { jid: 'proxy.capulet.example', host: '10.0.0.8', port: 777 };
  const RIGHT: Candidate = { ...OWN, cid: 'c1', priority: 1, type: 'proxy' };
  const judging = (internet = new MemoryInternet()) => ({
    network: internet.of([ownAddress('11.0.2.2')]),
    reach: reachOf('never', 'other'),
    proxies: [OWN],
  });

  test('may be connected to by whomever it is offered, wherever it is (R508)', async () => {
    const internet = new MemoryInternet();
    expect(usable([RIGHT], judging())).toEqual([RIGHT]);
    const connected = connectTo(RIGHT, judging(internet), 'f', never);
    await expect(connected).rejects.toThrow('ECONNREFUSED');
    expect(internet.tried).toEqual(['10.0.0.8:777']);
  });

  test('is the same with and without the resource that ejabberd tells (R508)', () => {
    const told = { ...judging(), proxies: [{ ...OWN, jid: `${OWN.jid}/node1` }] };
    expect(usable([RIGHT], told)).toEqual([RIGHT]);
    const others = [{ host: '10.0.0.9' }, { jid: '' }, { jid: '@' }, { jid: '/node1' }];
    for (const other of others) expect(usable([{ ...RIGHT, ...other }], told)).toEqual([]);
  });

  test.each<[string, Partial<Candidate>]>([
    ['JID', { jid: 'proxy.montague.example' }],
    ['host', { host: '9.9.9.9' }],
    ['port', { port: 5000 }],
    ['type', { type: 'direct' }],
  ])('is not what has another %s (R508)', async (_what, other) => {
    const internet = new MemoryInternet();
    const candidate = { ...RIGHT, ...other };
    expect(usable([candidate], judging())).toEqual([]);
    const connected = connectTo(candidate, judging(internet), 'f', never);
    await expect(connected).rejects.toThrow('must not be connected to');
    await settled();
    expect(internet.tried).toEqual([]);
  });
});
