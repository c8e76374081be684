import { expect, test } from '@jest/globals';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import type { ArchiveMark, ArchiveMarks } from '../../../src/transfer/links/archive-marks.js';
import { Away } from '../../../src/transfer/links/away.js';
import type { Link } from '../../../src/transfer/links/incoming-link.js';
import { linkedSessions, parse, ROMEO } from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { plainLink } from './fetching.js';

const NS = 'urn:xmpp:mam:2';
const OWN = 'romeo@montague.example';
const JULIET = 'juliet@capulet.example';

/** Each message by its id in the archive. */
type Archive = [id: string, message: string][];

const letter = (name: string, from = `${JULIET}/x`) =>
  plainLink(`https://a.example/${name}`, from, OWN);
const text = (body: string) =>
  `<message xmlns='jabber:client' type='chat' from='${JULIET}/x' to='${OWN}'><body>${body}</body></message>`;

interface Situation {
  archive: Archive;
  mark?: ArchiveMark;
  /** Links that may wait. */
  most?: number;
  jids?: string[];
  /** What the server says to the n-th query. */
  failing?: (query: Element) => StanzaError | undefined;
  pageSize?: number;
  /** The disk is. */
  isFull?: boolean;
}

/** Romeo comes online again, on a server with this archive. */
function comingBack({
  archive,
  mark,
  most = 1000,
  jids = [JULIET],
  failing,
  pageSize,
  isFull,
}: Situation) {
  const queries: Element[] = [];
  const [romeo] = linkedSessions((stanza) => {
    const { id } = stanza.attrs;
    const query = stanza.getChild('query', NS);
    const answer = (payload: Element) =>
      romeo.receive(
        parse(
          xml(
            'iq',
            { type: payload.is('error') ? 'error' : 'result', id, ...(query ? {} : { from: OWN }) },
            payload,
          ).toString(),
        ),
      );
    if (!query) {
      return answer(
        xml(
          'query',
          { xmlns: 'http://jabber.org/protocol/disco#info' },
          xml('feature', { var: NS }),
        ),
      );
    }
    queries.push(query);
    const error = failing?.(query);
    if (error) return answer(error.toElement());
    const set = query.getChild('set', 'http://jabber.org/protocol/rsm');
    const max = Math.min(Number(set?.getChild('max')?.getText()), pageSize ?? 1000);
    const after = set?.getChild('after')?.getText();
    const rest = set?.getChild('before')
      ? archive.slice(-max)
      : archive.slice(after === undefined ? 0 : archive.findIndex(([one]) => one === after) + 1);
    for (const [one, message] of rest.slice(0, max)) {
      romeo.receive(
        parse(`<message from='${OWN}' to='${ROMEO}'><result xmlns='${NS}' queryid='${query.attrs.queryid}' id='${one}'>
        <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/>${message}</forwarded></result></message>`),
      );
    }
    answer(xml('fin', { xmlns: NS, complete: rest.length <= max ? 'true' : undefined }));
  });
  const known = new Map<string, ArchiveMark>(mark ? [[JULIET, mark]] : []);
  const marks: ArchiveMarks = {
    read: async (_account, jid) => known.get(jid),
    write: async (account, jid, one) => {
      expect(account).toBe(OWN);
      if (isFull) throw new Error('no space left');
      known.set(jid, one);
    },
  };
  const links: Link[] = [];
  const settles: (() => void)[] = [];
  let waiting = 0;
  const add = (link: Link) => {
    if (waiting >= most) return undefined;
    waiting += 1;
    links.push(link);
    const settledLater = new Promise<void>((resolve) => {
      settles.push(() => {
        waiting -= 1;
        resolve();
      });
    });
    return { settled: settledLater };
  };
  const events: Event[] = [];
  const clock = new ManualClock();
  const over = new AbortController();
  const away = new Away({
    ...{ session: romeo, fetches: { add }, marks, clock, signal: over.signal },
    report: (event) => void events.push(event),
  });
  /** Resolves when the first look is over. */
  const read = async () => {
    const all = away.read(() => jids);
    while (clock.sleepers === 0) {
      const isOver = await Promise.race([all.then(() => true), settled().then(() => false)]);
      if (isOver) break;
    }
    await settled();
  };
  const names = () => links.map(({ told }) => told.offer.name);
  const settle = async () => {
    for (const one of settles.splice(0)) one();
    await settled();
  };
  return { ...{ queries, known, names, settle, events, clock, over, links }, read };
}

const AT = new Date('2026-01-02T03:04:05Z');

test('the first time nothing is fetched, and the last message is the beginning (R938)', async () => {
  const { read, names, known } = comingBack({
    archive: [
      ['1', letter('a')],
      ['2', text('hello')],
    ],
  });
  await read();
  expect(names()).toEqual([]);
  expect(known.get(JULIET)).toEqual({ id: '2', at: AT });
});

test('where there was no message yet all are new (R938)', async () => {
  const { read, names } = comingBack({ archive: [['1', letter('a')]], mark: {} });
  await read();
  expect(names()).toEqual(['a']);
});

test('what was written behind the last one is fetched, page by page, and is done when it is (R938)', async () => {
  const archive: Archive = [
    ['1', letter('a')],
    ['2', text('hello')],
    ['3', letter('b')],
    ['4', letter('c')],
  ];
  const { read, names, known, settle, queries } = comingBack({
    archive,
    mark: { id: '1' },
    pageSize: 2,
  });
  await read();
  expect(names()).toEqual(['b', 'c']);
  expect(queries.length).toBe(2);
  // A kill in between, and they are asked for again.
  expect(known.get(JULIET)).toEqual({ id: '1' });
  await settle();
  expect(known.get(JULIET)).toEqual({ id: '4', at: AT });
});

test('nothing but links of those who are asked for is read (R938)', async () => {
  const archive: Archive = [
    ['1', letter('a', 'nurse@capulet.example/x')],
    ['2', text('https://a.example/b')],
    ['3', letter('c', OWN)],
  ];
  const { read, names, known, settle } = comingBack({ archive, mark: {} });
  await read();
  await settle();
  expect(names()).toEqual([]);
  expect(known.get(JULIET)).toEqual({ id: '3', at: AT });
});

test('where the archive has forgotten that message, those since then are read (R938)', async () => {
  const failing = (query: Element) =>
    query.toString().includes('<after>') ? new StanzaError('cancel', 'item-not-found') : undefined;
  const { read, names, queries } = comingBack({
    archive: [['9', letter('a')]],
    mark: { id: '1', at: AT },
    failing,
  });
  await read();
  expect(names()).toEqual(['a']);
  expect(queries[1]?.toString()).toContain(
    '<field var="start"><value>2026-01-02T03:04:05.000Z</value>',
  );
});

test('an archive that repeats itself is left (R938)', async () => {
  const archive: Archive = [
    ['1', letter('a')],
    ['1', letter('a')],
    ['1', letter('a')],
  ];
  const { read, queries, names } = comingBack({ archive, mark: { id: '1' }, pageSize: 1 });
  await read();
  expect([queries.length, names()]).toEqual([1, []]);
});

test('no more links are read than may wait (R938)', async () => {
  const archive: Archive = Array.from({ length: 5 }, (_, index) => [
    `${index}`,
    letter(`${index}`),
  ]);
  const { read, names, clock, settle } = comingBack({ archive, mark: {}, most: 2 });
  await read();
  await clock.advance(60_000);
  expect(names()).toEqual(['0', '1']);
  await settle();
  await clock.advance(5_000);
  expect(names()).toEqual(['0', '1', '2', '3']);
  await settle();
  await clock.advance(5_000);
  expect(names().length).toBe(5);
});

test('an archive that cannot be read is told of, and is no failure (R938)', async () => {
  const failing = () => new StanzaError('wait', 'resource-constraint', 'busy');
  const { read, events } = comingBack({ archive: [], mark: {}, failing });
  await read();
  expect(events).toEqual([
    {
      event: 'warning',
      text: 'the archive of the server cannot be read for links (resource-constraint (busy))',
    },
  ]);
});

test('at the end of the session it is given up (R938)', async () => {
  const archive: Archive = Array.from({ length: 5 }, (_, index) => [
    `${index}`,
    letter(`${index}`),
  ]);
  const { read, over, events, clock } = comingBack({ archive, mark: {}, most: 2 });
  await read();
  over.abort(new Error('over'));
  await settled();
  expect([events, clock.sleepers]).toEqual([[], 0]);
});

// ejabberd copies no message to us where no other resource is online.
test('it is looked for again each minute, and later where many are asked for (R938)', async () => {
  const archive: Archive = [];
  const many = Array.from({ length: 60 }, (_, index) => `a${index}@capulet.example`);
  const { read, names, clock, queries } = comingBack({
    archive,
    mark: {},
    jids: [JULIET, ...many],
  });
  await read();
  archive.push(['1', letter('a')]);
  await clock.advance(121_000);
  expect([names(), queries.length]).toEqual([[], 61]);
  await clock.advance(1_000);
  expect(names()).toEqual(['a']);
});

test('what cannot be remembered is told of, and fetched all the same (R938)', async () => {
  const { read, names, settle, events } = comingBack({
    ...{ archive: [['1', letter('a')]], mark: {}, isFull: true },
  });
  await read();
  await settle();
  expect(names()).toEqual(['a']);
  const text = `links of ${JULIET} may be asked for again: what was done is not remembered (no space left)`;
  expect(events).toEqual([{ event: 'warning', text }]);
});
