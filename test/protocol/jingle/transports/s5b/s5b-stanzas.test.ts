import { describe, expect, test } from '@jest/globals';
import {
  type News,
  news,
  priorityOf,
  readNews,
  readTransport,
  transport,
} from '../../../../../src/protocol/jingle/transports/s5b/s5b-stanzas.js';
import { StanzaError } from '../../../../../src/session/stanza-error.js';
import { parse } from '../../../../support/linked-sessions.js';

const element = (children: string, attrs = `sid='vj3hs98y'`) =>
  parse(`<transport xmlns='urn:xmpp:jingle:transports:s5b:1' ${attrs}>${children}</transport>`);

/** XEP-0260, example 1. */
const OFFER = element(
  `<candidate cid='hft54dqy' host='192.168.4.1' jid='romeo@montague.lit/orchard' port='5086' priority='8257636' type='direct'/>
   <candidate cid='hutr46fe' host='24.24.24.1' jid='romeo@montague.lit/orchard' port='5087' priority='8258636' type='direct'/>
   <candidate cid='xmdh4b7i' host='123.45.7.8' jid='streamer.shakespeare.lit' port='7625' priority='7878787' type='proxy'/>`,
  `dstaddr='972b7bf47291ca609517f67f86b5081086052dad' mode='tcp' sid='vj3hs98y'`,
);

test('reads the offer of XEP-0260', () => {
  const { sid, candidates } = readTransport(OFFER);
  expect(sid).toBe('vj3hs98y');
  expect(candidates.map(({ cid, port, type }) => [cid, port, type])).toEqual([
    ['hft54dqy', 5086, 'direct'],
    ['hutr46fe', 5087, 'direct'],
    ['xmdh4b7i', 7625, 'proxy'],
  ]);
  expect(candidates[2]).toEqual({
    ...{ cid: 'xmdh4b7i', host: '123.45.7.8', jid: 'streamer.shakespeare.lit' },
    ...{ port: 7625, priority: 7_878_787, type: 'proxy' },
  });
});

test('writes what it reads, with the address field where there is a proxy', () => {
  const offered = readTransport(OFFER);
  const written = transport(offered, '972b7bf47291ca609517f67f86b5081086052dad');
  expect(readTransport(written)).toEqual(offered);
  expect(written.attrs.dstaddr).toBe('972b7bf47291ca609517f67f86b5081086052dad');
  expect(transport({ sid: 's1', candidates: [] }, 'x').toString()).toBe(
    '<transport xmlns="urn:xmpp:jingle:transports:s5b:1" sid="s1"/>',
  );
});

test('the priorities are those of XEP-0260', () => {
  expect([priorityOf('direct', 7), priorityOf('proxy', 32_768)]).toEqual([8_257_543, 688_128]);
});

test.each([
  ['no sid', element('', '')],
  ['a sid that is none', element('', `sid='a b'`)],
  ['UDP', element('', `sid='s1' mode='udp'`)],
  ['another transport', parse(`<transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='s1'/>`)],
])('refuses %s', (_what, misfit) => {
  expect(() => readTransport(misfit)).toThrow(StanzaError);
});

describe('a candidate is left out', () => {
  const RIGHT = { cid: 'c1', host: '24.24.24.1', jid: 'a@b/c', port: '5000', priority: '1' };
  const read = (...all: Record<string, string>[]) =>
    readTransport(
      element(
        all
          .map((attrs) =>
            Object.entries(attrs)
              .map(([name, value]) => `${name}='${value}'`)
              .join(' '),
          )
          .map((attrs) => `<candidate ${attrs}/>`)
          .join(''),
      ),
    ).candidates;

  test.each<[string, Record<string, string>]>([
    ['has no cid', { cid: '' }],
    ['has a long cid', { cid: 'x'.repeat(129) }],
    ['has no host', { host: '' }],
    ['has a host with a zone', { host: 'fe80::1%eth0' }],
    ['has a host with a path', { host: 'example.org/x' }],
    ['has a long host', { host: 'x'.repeat(256) }],
    ['has no port', { port: '0' }],
    ['has a port too large', { port: '65536' }],
    ['has a long JID', { jid: 'x'.repeat(3072) }],
    ['has a priority that is none', { priority: '-1' }],
    ['has a priority too large', { priority: '99999999' }],
    ['is of a type of its own', { type: 'constructor' }],
  ])('that %s', (_what, wrong) => {
    expect(read({ ...RIGHT, ...wrong }, { ...RIGHT, cid: 'c2' }).map(({ cid }) => cid)).toEqual([
      'c2',
    ]);
  });

  test('that has the cid of another', () => {
    expect(read(RIGHT, { ...RIGHT, port: '22' }).map(({ port }) => port)).toEqual([5000]);
  });

  test('that comes behind 64 others', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({ ...RIGHT, cid: `c${index}` }));
    expect(read(...many)).toHaveLength(64);
  });

  test('but not for want of a type', () => {
    expect(read(RIGHT).map(({ type }) => type)).toEqual(['direct']);
  });
});

test.each<News>([
  { said: 'candidate-used', cid: 'c1' },
  { said: 'activated', cid: 'c1' },
  { said: 'candidate-error' },
  { said: 'proxy-error' },
])('tells $said as it is read', (told) => {
  expect(readNews(news('s1', told))).toEqual(told);
});

test('reads candidates that come late as those that are offered (R1092)', () => {
  const right = `<candidate cid='c2' host='9.9.9.9' jid='a@b/c' port='5000' priority='7' type='proxy'/>`;
  expect(readNews(element(`<candidate cid='c1'/>${right}`))).toEqual({
    ...{ said: 'candidates', sid: 'vj3hs98y' },
    candidates: [
      { cid: 'c2', host: '9.9.9.9', jid: 'a@b/c', port: 5000, priority: 7, type: 'proxy' },
    ],
  });
});

test.each(['', '<candidate-used/>', '<activated/>', '<unknown/>'])(
  'refuses the news %s',
  (said) => {
    expect(() => readNews(element(said))).toThrow(StanzaError);
  },
);
