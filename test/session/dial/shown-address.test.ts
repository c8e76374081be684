import { expect, test } from '@jest/globals';
import { shownAddress } from '../../../src/session/dial/shown-address.js';

test.each([
  ['socks5://proxy:1080', 'socks5://proxy:1080'],
  ['socks5://u:SECRET@proxy:1080/', 'socks5://…@proxy:1080/'],
  ['HTTP://u:SEC@RET@[::1]:3128', 'HTTP://…@[::1]:3128'],
  ['https://müller.example', 'https://müller.example'],
  ['wss://u:SECRET@localhost/SECRET', 'wss://…@localhost/…'],
  ['socks5://h:1?p=SECRET', 'socks5://h:1?…'],
  ['socks5://h:1#SECRET', 'socks5://h:1#…'],
  ['ftp://u:SECRET@h', 'ftp://…@h'],
])('%s is shown as %s (R1201)', (uri, shown) => {
  expect(shownAddress(uri)).toBe(shown);
});

test.each([
  '',
  'SECRET',
  'u:SECRET',
  'u:SECRET@h:1',
  'socks5:u:SECRET@h:1',
  'u:SEC://RET@h:1',
  'socks5://h:1:u:SECRET',
  'socks5://u:SECRET',
  'socks5://u:SEC/RET@h:1',
  'socks5://u/SECRET@h:1',
  'socks5://u?SECRET@h:1',
  'http://u\\SECRET@h:1',
  'http://u:SECRET\n@h:1',
  'http://u:SECRET @h:1',
  'http://h:1 SECRET',
  ' socks5://u:SECRET@h:1',
  'http://u:SECRET@h:99999',
  'http://[u:SECRET]:1',
])('nothing is shown of %j (R1201)', (uri) => {
  expect(shownAddress(uri)).toBe('…');
});
