import { describe, expect, test } from '@jest/globals';
import { hasArchive, readArchive } from '../../../src/protocol/messages/archive.js';
import type { Element } from '../../../src/session/xml.js';
import { linkedSessions, parse, ROMEO } from '../../support/linked-sessions.js';

const OWN = 'romeo@montague.example';
const JULIET = 'juliet@capulet.example';
const NS = 'urn:xmpp:mam:2';

interface Parts {
  by?: string;
  queryId?: string;
  from?: string;
  to?: string;
  id?: string;
  forward?: string;
}

/** XEP-0313 §4.2, with what a test replaces. */
function result(query: string, parts: Parts = {}) {
  const { by = OWN, queryId = query, from = `${JULIET}/balcony`, to = OWN, id = 'a1' } = parts;
  const { forward = 'urn:xmpp:forward:0' } = parts;
  return `<message from='${by}' to='${ROMEO}'><result xmlns='${NS}' queryid='${queryId}' id='${id}'>
    <forwarded xmlns='${forward}'><delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/>
    <message xmlns='jabber:client' from='${from}' to='${to}' type='chat'><body>But, soft!</body></message>
    </forwarded></result></message>`;
}

/** Asks a server that sends these before its answer. */
async function reading(
  results: (query: string) => string[],
  fin = `<fin xmlns='${NS}' complete='true'/>`,
) {
  const asked: Element[] = [];
  const [romeo] = linkedSessions((stanza) => {
    asked.push(stanza);
    const query = stanza.getChild('query', NS)?.attrs.queryid ?? '';
    for (const text of results(query)) romeo.receive(parse(text));
    romeo.receive(parse(`<iq type='result' id='${stanza.attrs.id}'>${fin}</iq>`));
  });
  const read = (from?: Parameters<typeof readArchive>[1]['from'], most = 10) =>
    readArchive(romeo, { with: JULIET, most, from });
  return { romeo, asked, read };
}

test('what somebody has written is read, oldest first, with its id and time (R936)', async () => {
  const { read } = await reading((query) => [
    result(query),
    result(query, { id: 'a2', to: ROMEO }),
  ]);
  const { messages, isLast } = await read();
  expect(isLast).toBe(true);
  expect(messages.map(({ id }) => id)).toEqual(['a1', 'a2']);
  expect(messages[0]).toMatchObject({ at: new Date('2026-01-02T03:04:05Z') });
  expect(messages[0]?.message?.getChild('body')?.getText()).toBe('But, soft!');
});

test('there is more where the archive does not say that this is all (R936)', async () => {
  const { read } = await reading((query) => [result(query)], `<fin xmlns='${NS}'/>`);
  expect((await read()).isLast).toBe(false);
  const { read: nothing } = await reading(() => [], `<fin xmlns='${NS}'/>`);
  expect((await nothing()).isLast).toBe(true);
});

test('only what was written to us by whom was asked for is handed on (R936)', async () => {
  const { read } = await reading((query) => [
    result(query, { id: '1', from: OWN, to: JULIET }),
    result(query, { id: '2', from: 'nurse@capulet.example/x' }),
    result(query, { id: '3', to: 'nurse@capulet.example' }),
    result(query, { id: '4', from: 'juliet@@x' }),
    result(query, { id: '5', forward: 'urn:example' }),
  ]);
  const { messages } = await read();
  expect(messages.map(({ id, message }) => [id, message])).toEqual(
    ['1', '2', '3', '4', '5'].map((id) => [id, undefined]),
  );
});

test.each<[string, Parts]>([
  ['of another account', { by: 'mallory@montague.example' }],
  ['of another resource of ours', { by: `${OWN}/phone` }],
  ['of Juliet', { by: `${JULIET}/balcony` }],
  ['to another query', { queryId: 'another' }],
  ['without an id', { id: '' }],
  ['with an id that is far too long', { id: 'x'.repeat(257) }],
])('a result %s is none (R936)', async (_what, parts) => {
  const { read } = await reading((query) => [result(query, parts)]);
  expect((await read()).messages).toEqual([]);
});

test('no more are taken than were asked for, and none behind the answer (R936)', async () => {
  let last = '';
  const { read, romeo } = await reading((query) => {
    last = query;
    return Array.from({ length: 50 }, (_, index) => result(query, { id: `${index}` }));
  });
  const { messages } = await read(undefined, 20);
  expect(messages.length).toBe(20);
  romeo.receive(parse(result(last)));
  expect(messages.length).toBe(20);
});

describe('a query', () => {
  test.each([
    [
      'the last of all',
      undefined,
      '<set xmlns="http://jabber.org/protocol/rsm"><max>10</max><before/></set>',
    ],
    ['what is behind an id', { id: 'a&b' }, '<max>10</max><after>a&amp;b</after></set>'],
    [
      'what was written since',
      { at: new Date(0) },
      '<field var="start"><value>1970-01-01T00:00:00.000Z</value></field></x><set xmlns="http://jabber.org/protocol/rsm"><max>10</max></set>',
    ],
  ])('asks for %s (R936)', async (_what, from, text) => {
    const { asked, read } = await reading(() => []);
    await read(from);
    expect(asked[0]?.attrs).toMatchObject({ type: 'set' });
    expect(asked[0]?.attrs.to).toBeUndefined();
    expect(asked[0]?.toString()).toContain(`<field var="with"><value>${JULIET}</value></field>`);
    expect(asked[0]?.toString()).toContain(text);
  });

  test('is asked for where the account says that there is an archive (R936)', async () => {
    for (const feature of [NS, 'urn:xmpp:mam:0']) {
      const info = `<query xmlns='http://jabber.org/protocol/disco#info'><feature var='${feature}'/></query>`;
      const [romeo] = linkedSessions(({ attrs }) => {
        expect(attrs.to).toBe(OWN);
        romeo.receive(parse(`<iq type='result' from='${OWN}' id='${attrs.id}'>${info}</iq>`));
      });
      expect(await hasArchive(romeo)).toBe(feature === NS);
    }
  });
});
