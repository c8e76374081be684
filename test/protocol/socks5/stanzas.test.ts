import { expect, test } from '@jest/globals';
import {
  activation,
  isHost,
  isPort,
  readStreamhost,
  streamhostQuery,
} from '../../../src/protocol/socks5/stanzas.js';
import { parse } from '../../support/linked-sessions.js';

const answer = (streamhosts: string) =>
  parse(`<iq><query xmlns='http://jabber.org/protocol/bytestreams'>${streamhosts}</query></iq>`);

test('asks and activates as XEP-0065 does', () => {
  expect(streamhostQuery().toString()).toBe(
    '<query xmlns="http://jabber.org/protocol/bytestreams"/>',
  );
  expect(activation('vxf9n471bn46', 'target@example.org/bar').toString()).toBe(
    '<query xmlns="http://jabber.org/protocol/bytestreams" sid="vxf9n471bn46"><activate>target@example.org/bar</activate></query>',
  );
});

test('reads where a proxy listens (R505)', () => {
  const told = answer(
    `<streamhost jid='other.example' host='192.0.2.1' port='1'/>
     <streamhost jid='proxy.example' host='24.24.24.1' port='7625'/>`,
  );
  const expected = { jid: 'proxy.example', host: '24.24.24.1', port: 7625 };
  expect(readStreamhost(told, 'proxy.example')).toEqual(expected);
});

test('knows a proxy that adds a resource to its address, as ejabberd does, by the whole of it (R505)', () => {
  const told = answer(`<streamhost jid='proxy.example/7030' host='24.24.24.1' port='7625'/>`);
  const expected = { jid: 'proxy.example/7030', host: '24.24.24.1', port: 7625 };
  expect(readStreamhost(told, 'proxy.example')).toEqual(expected);
});

test.each([
  ['nothing', ''],
  ['another one', `<streamhost jid='other.example' host='24.24.24.1' port='7625'/>`],
  ['no host', `<streamhost jid='proxy.example' port='7625'/>`],
  ['no port', `<streamhost jid='proxy.example' host='24.24.24.1'/>`],
  ['no number', `<streamhost jid='proxy.example' host='24.24.24.1' port='x'/>`],
])('makes nothing of a proxy that tells %s (R505)', (_what, streamhosts) => {
  expect(readStreamhost(answer(streamhosts), 'proxy.example')).toBeUndefined();
});

test('knows hosts and ports', () => {
  const hosts = ['example.org', '24.24.24.1', '2606:4700::1111', 'a_b.example', 'localhost'];
  expect(hosts.map(isHost)).toEqual(hosts.map(() => true));
  const others = [
    '',
    ' ',
    'a b',
    'a\0',
    'fe80::1%eth0',
    '[::1]',
    'a/b',
    'x'.repeat(256),
    undefined,
  ];
  expect(others.map(isHost)).toEqual(others.map(() => false));
  expect(['1', '1023', '65535'].map(isPort)).toEqual([true, true, true]);
  const noPorts = ['', '0', '-1', '65536', '080', '1e3', '99999999', undefined];
  expect(noPorts.map(isPort)).toEqual(noPorts.map(() => false));
});
