import { expect, test } from '@jest/globals';
import { isInNetworkOf } from '../../../src/protocol/network/own-networks.js';
import { isOfMachine, isPublic } from '../../../src/protocol/network/special-addresses.js';

/** The first and the last address of each range that is special, and the neighbours outside of it. */
const RANGES: [first: string, last: string, before?: string, after?: string][] = [
  ['0.0.0.0', '0.255.255.255', undefined, '1.0.0.0'],
  ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.31.196.0', '192.31.196.255', '192.31.195.255', '192.31.197.0'],
  ['192.52.193.0', '192.52.193.255', '192.52.192.255', '192.52.194.0'],
  ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['192.175.48.0', '192.175.48.255', '192.175.47.255', '192.175.49.0'],
  ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0', '255.255.255.255', '223.255.255.255'],
  ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', undefined, '2001:200::'],
  ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7:ffff::', '2001:db9::'],
  ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:ffff::', '2003::'],
  ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffe:ffff::', '3fff:1000::'],
];

test.each(RANGES)('%s to %s is not public, and what lies around it is (R502)', (...range) => {
  const [first, last, before, after] = range;
  expect([isPublic(first), isPublic(last)]).toEqual([false, false]);
  for (const neighbour of [before, after]) if (neighbour) expect(isPublic(neighbour)).toBe(true);
});

test.each(['2000::', '2606:4700::1111', '3fff:ffff::1', '3ffe::1'])(
  '%s is public (R502)',
  (address) => {
    expect([isPublic(address), isOfMachine(address)]).toEqual([true, true]);
  },
);

test.each([
  ...['::', '::1', '1fff:ffff::', '4000::', 'fc00::1', 'fd12:3456::1', 'fe80::1', 'ff02::1'],
  ...['::ffff:9.9.9.9', '::ffff:127.0.0.1', '::ffff:909:909', '64:ff9b::909:909', '::9.9.9.9'],
  ...['2606:4700::1111%eth0', 'fe80::1%1'],
])('%s is not public (R502)', (address) => {
  expect(isPublic(address)).toBe(false);
});

test.each([
  ...['', 'localhost', '0x7f.1', '127.1', '2130706433', '9.9.9.9 ', '9.9.9', '[2606:4700::1111]'],
  ...['9.9.9.09', '0', '*'],
])('"%s" is no address (R502)', (text) => {
  expect([isPublic(text), isOfMachine(text)]).toEqual([false, false]);
});

test.each([
  ...['0.0.0.0', '0.0.0.1', '224.0.0.1', '239.1.2.3', '240.0.0.1', '255.255.255.255'],
  ...['::', 'ff02::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', 'fe80::1%eth0'],
])('%s is not of one machine (R502)', (address) => {
  expect(isOfMachine(address)).toBe(false);
});

test.each(['127.0.0.1', '10.1.2.3', '192.168.0.1', '9.9.9.9', '::1', 'fd00::1', 'fe80::1'])(
  '%s is of one machine (R502)',
  (address) => {
    expect(isOfMachine(address)).toBe(true);
  },
);

test('knows which addresses are in a network of this machine, loopback apart', () => {
  const own = [
    { address: '127.0.0.1', cidr: '127.0.0.1/8', internal: true },
    { address: '192.168.7.20', cidr: '192.168.7.20/24', internal: false },
    { address: 'fd00:1::20', cidr: 'fd00:1::20/64', internal: false },
    { address: '10.9.9.9', cidr: null, internal: false },
  ];
  const isIn = (address: string) => isInNetworkOf(own, address);
  expect(['192.168.7.1', 'fd00:1::1'].map(isIn)).toEqual([true, true]);
  expect(['192.168.8.1', 'fd00:2::1', '127.0.0.1', '10.9.9.9'].map(isIn)).toEqual([
    ...[false, false],
    ...[false, false],
  ]);
});
