import { expect, test } from '@jest/globals';
import { UnfitAnswer } from '../../../src/protocol/network/fetch-errors.js';
import { httpsBy } from '../../../src/protocol/network/https.js';
import { parseProxy } from '../../../src/session/dial/proxy.js';

test('what may be at some addresses only is not fetched by a proxy, which finds them (R1000)', () => {
  const https = httpsBy({ proxy: parseProxy('socks5://127.0.0.1:1') });
  const fetch = () =>
    https(new URL('https://files.example.org/x'), {
      ...{ method: 'GET', headers: {} },
      lookup: () => undefined,
    });
  expect(fetch).toThrow(UnfitAnswer);
  expect(fetch).toThrow('no link is fetched by a proxy: addresses cannot be checked there');
});
