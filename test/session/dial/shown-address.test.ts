import { expect, test } from '@jest/globals';
import { shownAddress, withoutUsers } from '../../../src/session/dial/shown-address.js';

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

test.each([
  ['cannot open socks5://u:SECRET@h:1: no such file', 'cannot open socks5://…@h:1: no such file'],
  ['"http://u:SEC@/R?E#T@h"; not ftp://SECRET@h', '"http://…@h"; not ftp://…@h'],
  ['https://u:SECRET@h/a', 'https://…@h/a'],
])('in %j no user and no password is shown (R1300)', (text, shown) => {
  expect(withoutUsers(text)).toBe(shown);
});

test.each([
  'give socks5://[user:password@]host:port or http://[user:password@]host:port',
  'the file lies there all the same: https://files.example:5281/a/b:c@d.txt',
  'juliet@example.org, xmpp:juliet@example.org, socks5://h:1',
])('%j has none, and is left as it is (R1300)', (text) => {
  expect(withoutUsers(text)).toBe(text);
});

test('what is long takes no longer than what it is in proportion to (R1300)', () => {
  for (const part of ['a://', 'a:', '://@', ':@']) {
    const text = part.repeat(200_000);
    expect(withoutUsers(text).length).toBeLessThanOrEqual(text.length);
  }
});
