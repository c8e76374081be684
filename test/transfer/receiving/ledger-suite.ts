import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { NoRoom } from '../../../src/transfer/inbox-errors.js';
import type { FileRecord, Ledger, RecordChanges } from '../../../src/transfer/receiving/ledger.js';

export interface LedgerLimits {
  /** Records of one account. */
  maxRecords?: number;
  /** Milliseconds. */
  maxAge?: number;
}

/** Milliseconds since 1970. */
export const NOW = Date.parse('2026-11-29T12:00:00Z');
const ROMEO = 'romeo@montague.example';

export const recordOf = (facts: Partial<FileRecord> = {}): FileRecord => ({
  ...{ id: randomUUID(), account: ROMEO, peer: `${ROMEO}/orchard`, offered: ['a.txt'] },
  ...{ path: 'a.txt', size: 5, sha256: '0'.repeat(64), at: new Date(NOW) },
  trace: { inode: 7, born: 1.25, modified: 1.5, changed: 2.25 },
  ...facts,
});

const DUE = { work: { state: 'due' } } as const;

/** A path below an inbox, as long as one may be. */
const LONG = `/${'x'.repeat(250)}`.repeat(60);

const ids = (records: Iterable<FileRecord>) => [...records].map(({ id }) => id);

async function added(ledger: Ledger, facts: Partial<FileRecord>[]): Promise<string[]> {
  const records = facts.map(recordOf);
  for (const record of records) await ledger.add(record);
  return ids(records);
}

/**
 * What each ledger does, wherever it keeps its records. `open` makes a new one, empty, whose clock `now` stands still
 * at `NOW` unless the test turns it.
 */
export function testLedger(
  name: string,
  open: (limits: LedgerLimits, now: () => number) => Promise<Ledger>,
): void {
  const atNow = (limits: LedgerLimits = {}) => open(limits, () => NOW);

  describe(`a ledger in ${name}`, () => {
    test('has what was added, oldest first, as it was', async () => {
      const ledger = await atNow();
      const records = [recordOf(), recordOf({ ...DUE, offered: ['b', 'a.txt'], isArriving: true })];
      for (const record of records) await ledger.add(record);
      expect([...ledger.records()]).toEqual(records);
    });

    test('knows the addresses that files of an account were fetched from', async () => {
      const ledger = await atNow();
      const [one, two, other] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [
        string,
        string,
        string,
      ];
      const [id = ''] = await added(ledger, [
        { linkId: one },
        { linkId: one, path: 'b' },
        { linkId: two, path: 'c', isArriving: true },
      ]);
      const known = () => [one, two, other].map((linkId) => ledger.hasLink(ROMEO, linkId));
      expect(known()).toEqual([true, false, false]);
      expect(ledger.hasLink('juliet@capulet.example', one)).toBe(false);
      await ledger.remove(id);
      expect(known()).toEqual([true, false, false]);
    });

    test('forgets an address with its record', async () => {
      const ledger = await atNow();
      const [id = ''] = await added(ledger, [{ linkId: '1'.repeat(64) }]);
      await ledger.remove(id);
      expect(ledger.hasLink(ROMEO, '1'.repeat(64))).toBe(false);
    });

    test('takes a record in the place of the one with its id', async () => {
      const ledger = await atNow();
      const [id = ''] = await added(ledger, [{}, {}]);
      await ledger.add(recordOf({ id, path: 'a (1).txt' }));
      expect([...ledger.records()].map(({ path }) => path)).toEqual(['a (1).txt', 'a.txt']);
    });

    test.each<[string, RecordChanges]>([
      ['work', { work: { state: 'failed', program: { pid: 9, start: 'today' } } }],
      ['trace', { trace: { inode: 8, born: 0, modified: 0, changed: 1 } }],
      ['arrival', { isArriving: undefined }],
    ])('changes the %s of a record', async (_what, changes) => {
      const ledger = await atNow();
      const [id = ''] = await added(ledger, [{ isArriving: true, ...DUE }, {}]);
      await ledger.change(id, changes);
      expect([...ledger.records()][0]).toMatchObject(changes);
    });

    test('does nothing to a record that it does not have', async () => {
      const ledger = await atNow();
      await ledger.change(randomUUID(), DUE);
      await ledger.remove(randomUUID());
      expect([...ledger.records()]).toEqual([]);
    });

    test('finds those that agree, newest first, and only those that have arrived', async () => {
      const ledger = await atNow();
      const [first, second] = await added(ledger, [{}, { path: 'b' }, { isArriving: true }]);
      expect(ids(ledger.find(recordOf()))).toEqual([second, first]);
      await ledger.remove(second as string);
      expect(ids(ledger.find(recordOf()))).toEqual([first]);
    });

    test.each<[string, Partial<FileRecord>]>([
      ['account', { account: 'mercutio@verona.example' }],
      ['name', { offered: ['b.txt'] }],
      ['folder', { offered: ['b', 'a.txt'] }],
      ['separator', { offered: ['b/a.txt'] }],
      ['size', { size: 6 }],
      ['hash', { sha256: '1'.repeat(64) }],
    ])('finds nothing of another %s', async (_what, other) => {
      const ledger = await atNow();
      await added(ledger, [{}, { offered: ['c', 'a.txt'] }]);
      expect(ledger.find(recordOf(other))).toEqual([]);
    });

    test('keeps apart what came in the clear and what each key has brought (R374)', async () => {
      const ledger = await atNow();
      const [one, other] = ['a'.repeat(52), 'b'.repeat(52)];
      const records = [recordOf(), recordOf({ sealedBy: one })];
      for (const record of records) await ledger.add(record);
      const idsOf = (sealedBy?: string) => ledger.find(recordOf({ sealedBy })).map(({ id }) => id);
      expect(idsOf()).toEqual([records[0]?.id]);
      expect(idsOf(one)).toEqual([records[1]?.id]);
      expect(idsOf(other)).toEqual([]);
      expect([...ledger.records()]).toEqual(records);
    });

    test('forgets the oldest of an account that has too many, and none of others', async () => {
      const ledger = await atNow({ maxRecords: 2 });
      const mine = { account: 'mercutio@verona.example' };
      const [, other, third, last] = await added(ledger, [{}, mine, {}, {}]);
      expect(ids(ledger.records())).toEqual([other, third, last]);
    });

    test('forgets the oldest of the account with most where all have too many', async () => {
      const ledger = await atNow({ maxRecords: 2 });
      const of = (account: string) => ({ account: `${account}@verona.example` });
      const all = await added(ledger, ['a', 'b', 'b', 'c', 'd'].map(of));
      expect(ids(ledger.records())).toEqual(all.filter((_, index) => index !== 1));
    });

    test('forgets what is too old', async () => {
      let now = NOW;
      const ledger = await open({ maxAge: 1_000 }, () => now);
      await added(ledger, [{}]);
      now += 999;
      expect(ledger.find(recordOf())).toHaveLength(1);
      now += 1;
      expect(ledger.find(recordOf())).toEqual([]);
      expect([...ledger.records()]).toEqual([]);
    });

    test('never forgets a file for which something is to be done', async () => {
      let now = NOW;
      const ledger = await open({ maxRecords: 0, maxAge: 1_000 }, () => now);
      const [due] = await added(ledger, [{ ...DUE, path: 'b.txt' }, {}, {}]);
      now += 2_000;
      const [, last] = await added(ledger, [{ at: new Date(now) }, { ...DUE, at: new Date(now) }]);
      expect(ids(ledger.records())).toEqual([due, last]);
    });

    test('has no room for now for an account with so much to be done that others would have none (R401)', async () => {
      const ledger = await atNow({ maxRecords: 3 });
      const others = Array.from({ length: 4 }, (_, index) => `mercutio${index}@verona.example`);
      const took: number[] = [];
      for (const account of [ROMEO, ...others]) took.push(await addedWhileRoom(ledger, account));
      // Each leaves as much as it has.
      expect(took[0]).toBeGreaterThan(100);
      expect(took[1]).toBeGreaterThan(50);
      expect(Math.min(...took)).toBeGreaterThan(5);
      const [first] = [...ledger.records()] as [FileRecord];
      const refused = whyNoRoom(ledger, ROMEO);
      expect(refused instanceof NoRoom && refused.isPassing).toBe(true);
      expect(refused?.message).toBe(`too many files of ${ROMEO} still wait for --exec`);
      expect(whyNoRoom(ledger, others.at(-1) ?? '')?.message).toBe(
        'too many files that arrived still wait for --exec',
      );
      for (const id of ids(ledger.records()).slice(0, 100)) {
        await ledger.change(id, { work: { state: 'failed' } });
      }
      expect(first.account).toBe(ROMEO);
      expect(whyNoRoom(ledger, ROMEO)).toBeUndefined();
    });

    test('gives an account room by what its records take: long names leave fewer (R401)', async () => {
      const ledger = await atNow({ maxRecords: 100 });
      const long = Array.from({ length: 100 }, (_, index) => ({ path: `${index}${LONG}` }));
      await added(ledger, long);
      const kept = [...ledger.records()];
      expect(kept.length).toBeLessThan(20);
      expect(kept.at(-1)?.path).toBe(long.at(-1)?.path);
    });

    test('knows that a file is gone whose path a later one got, and that nothing can be done for it (R402)', async () => {
      const ledger = await atNow();
      const works = ['due', 'failed', 'done', 'gone'] as const;
      const facts = works.map((state) => ({ path: state, work: { state } }));
      const earlier = await added(ledger, [...facts, { path: 'other', ...DUE }]);
      for (const path of works) {
        const mine = { account: 'mercutio@verona.example', path, ...DUE };
        const [id = ''] = await added(ledger, [{ ...mine, isArriving: true }]);
        // It may be that it does not get it.
        expect(stateOf(ledger, earlier[works.indexOf(path)])).toBe(path);
        await ledger.change(id, { isArriving: undefined });
      }
      expect(earlier.map((id) => stateOf(ledger, id))).toEqual([
        ...['gone', 'gone', 'done', 'gone', 'due'],
      ]);
    });
  });
}

/** Adds files that something is to be done for, until there is no room; returns how many. */
async function addedWhileRoom(ledger: Ledger, account: string): Promise<number> {
  for (let count = 0; ; count += 1) {
    if (whyNoRoom(ledger, account)) return count;
    await ledger.add(recordOf({ account, path: `${account} ${count}`, ...DUE }));
  }
}

const stateOf = (ledger: Ledger, wanted: string | undefined) =>
  [...ledger.records()].find(({ id }) => id === wanted)?.work?.state;

function whyNoRoom(ledger: Ledger, account: string): Error | undefined {
  try {
    ledger.checkRoom(account);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
