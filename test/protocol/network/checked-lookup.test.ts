import { expect, test } from '@jest/globals';
import { checkedLookup, type Resolve } from '../../../src/protocol/network/checked-lookup.js';

const isAllowed = (address: string) => address.startsWith('9.') || address.startsWith('2606:');

const found = (...addresses: string[]) =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

/** What a lookup of this name tells those who want all addresses, or one. */
function lookedUp(resolve: Resolve, all: boolean) {
  const lookup = checkedLookup('files.example.org', isAllowed, resolve);
  return new Promise((tell) => {
    lookup('files.example.org', { all }, (error, address, family) =>
      tell(error?.message ?? (family === undefined ? address : [address, family])),
    );
  });
}

test.each(['127.0.0.1', '10.0.0.1', '::1'])(
  'the literal %s is refused before anything is looked up (R503)',
  (host) => {
    expect(() => checkedLookup(host, isAllowed, () => fail())).toThrow('must not be connected to');
  },
);

const fail = () => {
  throw new Error('somebody was asked');
};

test('a literal that is allowed needs no lookup (R503)', () => {
  expect(() => checkedLookup('9.9.9.9', isAllowed, fail)).not.toThrow();
});

test('a name whose addresses are all allowed is told with these (R503)', async () => {
  const all = found('9.9.9.9', '2606:4700::1111');
  const resolve: Resolve = (_host, told) => told(null, all);
  expect(await lookedUp(resolve, true)).toEqual(all);
  expect(await lookedUp(resolve, false)).toEqual(['9.9.9.9', 4]);
});

test.each([
  ['one that is not allowed', ['127.0.0.1']],
  ['a second one that is not', ['9.9.9.9', '10.0.0.1']],
  ['a first one that is not', ['::1', '2606:4700::1111']],
])('a name with %s is refused (R503)', async (_which, addresses) => {
  const resolve: Resolve = (_host, told) => told(null, found(...addresses));
  for (const all of [true, false]) {
    expect(await lookedUp(resolve, all)).toBe('files.example.org must not be connected to');
  }
});

test('a name that is not found, or has no address, is none (R503)', async () => {
  expect(await lookedUp((_host, told) => told(new Error('no such name'), []), true)).toBe(
    'no such name',
  );
  expect(await lookedUp((_host, told) => told(null, []), true)).toBe(
    'files.example.org has no address',
  );
});
