import { expect, test } from '@jest/globals';
import { AddressNotAllowed } from '../../../src/protocol/network/fetch-errors.js';
import { httpsBy } from '../../../src/protocol/network/https.js';
import { parseProxy } from '../../../src/session/dial/proxy.js';

const NOBODY = 'socks5://127.0.0.1:1';

/** Asks for what may be at some addresses only. */
function asking(host: string, except: string[] = [], mayBeAnywhere = false) {
  const https = httpsBy({ proxy: parseProxy(NOBODY, except) });
  const looked: string[] = [];
  const lookup = (name: string) => void looked.push(name);
  const options = { method: 'GET', headers: {}, lookup, mayBeAnywhere } as const;
  const ask = () =>
    https(new URL(`https://${host}/x`), options)
      .on('error', () => undefined)
      .destroy();
  return { ask, looked };
}

test('what may be at some addresses only is not asked by a proxy, which finds them (R1000)', () => {
  const { ask } = asking('files.example.org');
  expect(ask).toThrow(
    new AddressNotAllowed('the proxy finds where files.example.org is, and nobody can check it'),
  );
});

test.each<[string, string, string[], boolean]>([
  ['a host of the own, wherever that is', 'files.example.org', [], true],
  ['an address, which was looked at', '93.184.215.14', [], false],
  ['an address of IPv6', '[2606:2800:21f:cb07:6820:80da:af6b:8b2c]', [], false],
])('%s is asked by it, and is not looked up here (R1103)', (_what, host, except, mayBeAnywhere) => {
  const { ask, looked } = asking(host, except, mayBeAnywhere);
  expect(ask).not.toThrow();
  expect(looked).toEqual([]);
});

test('what is an exception of the proxy is asked directly, and looked up here (R1103)', () => {
  const { ask, looked } = asking('files.example.org', ['example.org']);
  expect(ask).not.toThrow();
  expect(looked).toEqual(['files.example.org']);
});
