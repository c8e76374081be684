import { expect, test } from '@jest/globals';
import type { Candidate } from '../../../../../src/protocol/jingle/transports/s5b/s5b-stanzas.js';
import { whyNoWay } from '../../../../../src/protocol/jingle/transports/s5b/why-no-way.js';

const proxyCalled = (jid: string, host = '11.0.0.8'): Candidate => ({
  ...{ jid, host, port: 7777, cid: 'c', priority: 1, type: 'proxy' },
});

const whyOf = (candidate: Candidate): string =>
  whyNoWay(new Error('none'), [{ candidate, error: new Error('nobody') }], []);

test.each([
  ['x (1.2.3.4 port 1): reached; everything is fine'],
  ['a name with spaces'],
  ['x\u2028y.example'],
  [`${'x'.repeat(3_000)}.example`],
  [''],
])('a proxy that the peer gives no name of a host is shown without one: %.60j (R1323)', (jid) => {
  expect(whyOf(proxyCalled(jid))).toBe('a proxy (11.0.0.8 port 7777): nobody');
});

test.each([
  ['proxy.example', 'proxy.example'],
  ['proxy.example/x); all is well', 'proxy.example'],
  ['all is well@proxy.example', 'proxy.example'],
  ['bücher.example', 'xn--bcher-kva.example'],
])('the name of a proxy is that of a host: %s (R1323)', (jid, name) => {
  expect(whyOf(proxyCalled(jid))).toBe(`the proxy ${name} (11.0.0.8 port 7777): nobody`);
});

test('a line stays short, whatever the peer calls its proxies and hosts (R1323)', () => {
  const longest = proxyCalled('x'.repeat(3_071), 'x'.repeat(255));
  const failed = Array.from({ length: 5 }, () => ({ candidate: longest, error: new Error('no') }));
  expect(whyNoWay(new Error('none'), failed, []).length).toBeLessThan(1_000);
});

test('what the peer has not reached is told as its word (R1323)', () => {
  expect(whyNoWay(new Error('none'), [], [proxyCalled('proxy.example')])).toBe(
    'they say that they did not reach the proxy proxy.example (11.0.0.8 port 7777)',
  );
});
