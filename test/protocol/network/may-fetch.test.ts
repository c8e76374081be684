import { expect, test } from '@jest/globals';
import { addressesOf, endpointOf, readEndpoint } from '../../../src/protocol/network/may-fetch.js';

const PUBLIC = ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'];

const NOT_PUBLIC = [
  ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.1.2.3', '172.16.0.1', '192.168.1.1'],
  ...['169.254.169.254', '100.64.0.1', '224.0.0.1', '255.255.255.255'],
  ...['::1', '::', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'ff02::1'],
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:93.184.215.14'],
  ...['64:ff9b::7f00:1', '64:ff9b::127.0.0.1', '64:ff9b:1::1', '2002:7f00:1::', '2001:db8::1'],
];

const OWN = [{ host: 'files.lan', port: 443 }, ...[{ host: '192.168.1.9', port: 5281 }]];

test('of others only public addresses are asked, and at the port of HTTPS (R921)', () => {
  const allows = addressesOf(new URL('https://files.example/x'), OWN)?.allows;
  expect(PUBLIC.filter((one) => !allows?.(one))).toEqual([]);
  expect(NOT_PUBLIC.filter((one) => allows?.(one))).toEqual([]);
  for (const port of [22, 80, 5281, 8443]) {
    expect(addressesOf(new URL(`https://files.example:${port}/x`), OWN)).toBeUndefined();
  }
});

test('hosts of the own may have private addresses, at the port that was named (R921)', () => {
  for (const url of [
    'https://files.lan/x',
    'https://FILES.lan:443/x',
    'https://192.168.1.9:5281/x',
  ]) {
    const { allows, isOwn } = addressesOf(new URL(url), OWN) ?? {};
    expect(isOwn).toBe(true);
    for (const address of ['192.168.1.9', 'fd00::1', '127.0.0.1', ...PUBLIC]) {
      expect(allows?.(address)).toBe(true);
    }
    for (const address of ['0.0.0.0', '255.255.255.255', '::ffff:127.0.0.1', '64:ff9b::7f00:1']) {
      expect(allows?.(address)).toBe(false);
    }
  }
  expect(addressesOf(new URL('https://files.lan:5281/x'), OWN)).toBeUndefined();
  expect(addressesOf(new URL('https://192.168.1.9/x'), OWN)?.allows('192.168.1.9')).toBe(false);
});

test.each([
  ['https://2130706433/x', '127.0.0.1'],
  ['https://0x7f.1/x', '127.0.0.1'],
  ['https://0177.0.0.1/x', '127.0.0.1'],
  ['https://127.1/x', '127.0.0.1'],
  ['https://[::1]/x', '::1'],
  ['https://[::ffff:127.0.0.1]/x', '::ffff:7f00:1'],
  ['https://[64:ff9b::127.0.0.1]/x', '64:ff9b::7f00:1'],
  ['https://①②⑦.0.0.1/x', '127.0.0.1'],
])('the host of %s is known as an address (R921)', (url, host) => {
  expect(endpointOf(new URL(url))).toEqual({ host, port: 443 });
  expect(addressesOf(new URL(url), OWN)?.allows(host)).toBe(false);
});

test.each([
  ['files.lan', { host: 'files.lan', port: 443 }],
  ['FILES.lan:5281', { host: 'files.lan', port: 5281 }],
  ['[fd00::1]:5281', { host: 'fd00::1', port: 5281 }],
  ['bücher.example', { host: 'xn--bcher-kva.example', port: 443 }],
])('%s is a host of the own (R921)', (text, endpoint) => {
  expect(readEndpoint(text)).toEqual(endpoint);
});

test.each([
  '',
  'a b',
  'a/b',
  'a:x',
  'a:0',
  'a:65536',
  'romeo@a',
  'https://a',
  'a?b',
  'a#b',
  '*.a\\',
])('%j is none (R921)', (text) => {
  expect(readEndpoint(text)).toBeUndefined();
});
