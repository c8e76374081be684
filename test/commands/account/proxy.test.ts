import { expect, test } from '@jest/globals';
import { proxyInEnvironment, proxyOf } from '../../../src/commands/account/proxy.js';

test.each([
  [{}, undefined],
  [{ ALL_PROXY: '' }, undefined],
  [{ ALL_PROXY: 'socks5://a:1', HTTPS_PROXY: 'http://b:1' }, 'socks5://a:1'],
  [{ HTTPS_PROXY: 'http://b:1' }, 'http://b:1'],
  [{ all_proxy: 'c:3128' }, 'http://c:3128'],
  [{ HTTP_PROXY: 'http://d:1' }, undefined],
])('%j names the proxy %s (R1002)', (env, proxy) => {
  expect(proxyInEnvironment(env)?.flags.proxy).toBe(proxy);
});

test.each([
  ['', []],
  ['localhost,127.0.0.1', ['localhost', '127.0.0.1']],
  [' .Example.org , *.example.net', ['example.org', 'example.net']],
  ['example.org:5222 [::1]:443 ::1', ['example.org', '::1', '::1']],
  ['*', ['*']],
])('NO_PROXY=%s makes an exception of %j (R1002)', (list, except) => {
  const given = proxyInEnvironment({ ALL_PROXY: 'socks5://a:1', NO_PROXY: list });
  expect(proxyOf({ ...given?.flags })?.except).toEqual(except);
});
