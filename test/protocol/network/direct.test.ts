import { describe, expect, test } from '@jest/globals';
import {
  addressesFor,
  type Direct,
  mayConnect,
  mayTry,
  type Relation,
  reachOf,
} from '../../../src/protocol/network/direct.js';
import { DIRECT } from '../../../src/transfer/lane/names.js';
import { ownAddress } from '../network/memory-network.js';

const RELATIONS = ['own', 'known', 'other'] as const;

const OWN = [
  { address: '127.0.0.1', cidr: '127.0.0.1/8', internal: true },
  ownAddress('192.168.7.20'),
  ownAddress('9.8.7.6'),
  ownAddress('fe80::20', 64),
  ownAddress('2606:4700::20', 64),
];

/** Where a candidate leads, and whether it calls itself a proxy, at each kind of address. */
const ADDRESSES = {
  public: '9.9.9.9',
  'public IPv6': '2606:4700::1111',
  'the own network': '192.168.7.1',
  'another private network': '10.0.0.1',
  loopback: '127.0.0.1',
  nobody: '0.0.0.0',
  multicast: '224.0.0.1',
};

type Kind = keyof typeof ADDRESSES;

const PUBLIC: Kind[] = ['public', 'public IPv6'];
const LOCAL: Kind[] = [...PUBLIC, 'the own network'];
const ALL: Kind[] = [...LOCAL, 'another private network', 'loopback'];

/** The kinds of addresses at which proxies, and the peer itself, may be connected to. */
const TABLE: Record<Direct, Record<Relation, [proxies: Kind[], direct: Kind[]]>> = {
  never: { own: [[], []], known: [[], []], other: [[], []] },
  own: { own: [ALL, ALL], known: [[], []], other: [[], []] },
  proxies: { own: [ALL, ALL], known: [PUBLIC, []], other: [[], []] },
  contacts: { own: [ALL, ALL], known: [LOCAL, LOCAL], other: [[], []] },
};

const ROWS = DIRECT.flatMap((direct) => RELATIONS.map((relation) => [direct, relation] as const));

describe.each(ROWS)('--direct %s, %s', (direct, relation) => {
  const reach = reachOf(direct, relation);
  const [proxies, directly] = TABLE[direct][relation];
  const kindsOf = (isProxy: boolean, port = 1024) =>
    (Object.keys(ADDRESSES) as Kind[]).filter((kind) =>
      mayConnect(reach, { port, isProxy, isOwnProxy: false }, ADDRESSES[kind], OWN),
    );

  test('lets connect to what the table says, and to nothing else (R504)', () => {
    expect([kindsOf(true), kindsOf(false)]).toEqual([proxies, directly]);
  });

  test.each([1, 22, 80, 443, 1023])('lets connect to no port %i of others (R504)', (port) => {
    for (const isProxy of [true, false]) {
      expect(kindsOf(isProxy, port)).toEqual([]);
      expect(mayTry(reach, { port, isProxy, isOwnProxy: false })).toBe(false);
    }
  });

  test('lets connect to the proxies of the own server, wherever these are (R504)', () => {
    const proxy = { port: 443, isProxy: true, isOwnProxy: true };
    expect(mayTry(reach, proxy)).toBe(true);
    for (const address of Object.values(ADDRESSES)) {
      expect(mayConnect(reach, proxy, address, OWN)).toBe(true);
    }
  });

  test('tries names only where an address could be connected to (R504)', () => {
    const mayTryOne = (isProxy: boolean) =>
      mayTry(reach, { port: 1024, isProxy, isOwnProxy: false });
    expect([mayTryOne(true), mayTryOne(false)]).toEqual([proxies.length > 0, directly.length > 0]);
  });

  test('shows no address of this machine but to those who may see it (R504)', () => {
    const shown = {
      [`${ALL}`]: ['192.168.7.20', '9.8.7.6', '2606:4700::20'],
      [`${LOCAL}`]: ['9.8.7.6', '2606:4700::20'],
      '': [],
    }[`${directly}`];
    expect(addressesFor(reach, OWN)).toEqual(shown);
  });
});
