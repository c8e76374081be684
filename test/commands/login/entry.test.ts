import { expect, test } from '@jest/globals';
import { entryFor, serverOf } from '../../../src/commands/login/entry.js';
import type { Settings } from '../../../src/commands/settings/settings.js';

const PLACE = 'config.toml: [accounts.romeo]';
const ENTRY = {
  ...{ name: 'romeo', account: 'romeo@example.org' },
  known: { account: 'romeo@example.org', proxy: 'http://kept:1', tlsCa: 'kept.pem' },
  origins: { account: `${PLACE} jid`, proxy: `${PLACE} proxy`, tlsCa: `${PLACE} tls-ca` },
};
const OF_ENVIRONMENT = { proxy: 'http://other:1', noProxy: [] };

test.each([
  [{ ...OF_ENVIRONMENT, origins: { proxy: '$ALL_PROXY' } }, 'http://kept:1', `${PLACE} proxy`],
  [{ proxy: 'http://other:1', origins: { proxy: '--proxy' } }, 'http://other:1', '--proxy'],
  [{}, 'http://kept:1', `${PLACE} proxy`],
])('of %j the proxy is %s, and of the same origin (R1302)', (flags, proxy, origin) => {
  const { proxy: taken, origins } = serverOf(ENTRY, flags);
  expect([taken, origins?.proxy]).toEqual([proxy, origin]);
});

test('where the settings have none, the proxy of the environment is (R1302)', () => {
  const entry = { ...ENTRY, known: { account: ENTRY.account }, origins: {} };
  const flags = { ...OF_ENVIRONMENT, origins: { proxy: '$ALL_PROXY' } };
  expect(serverOf(entry, flags)).toEqual({ account: ENTRY.account, ...flags });
});

test('a variable that is empty is the origin of nothing (R1302)', () => {
  const flags = {
    tlsCa: '',
    service: 'xmpp://a',
    origins: { tlsCa: '$INBAND_TLS_CA', service: '--service' },
  };
  const { tlsCa, service, origins } = serverOf(ENTRY, flags);
  expect([tlsCa, service, origins]).toEqual([
    'kept.pem',
    'xmpp://a',
    { ...ENTRY.origins, service: '--service' },
  ]);
});

test.each([
  ['romeo@example.org/phone', 'romeo@example.org/phone'],
  ['xmpp:romeo@example.org/phone', 'romeo@example.org/phone'],
  ['romeo@example.org', 'romeo@example.org/desk'],
])('login %s is tried, and written, as %s where the settings have /desk (R1333)', (typed, jid) => {
  const known = { account: 'romeo@example.org/desk', allowPlain: true };
  const accounts = new Map([['romeo', new Map(Object.entries(known))]]);
  const entry = entryFor(typed, { accounts, path: 'config.toml' } as unknown as Settings);
  expect(entry.known).toEqual(known);
  expect(serverOf(entry, {})).toMatchObject({ account: jid, allowPlain: true });
});
