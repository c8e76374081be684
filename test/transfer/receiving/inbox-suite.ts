import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Inbox } from '../../../src/transfer/receiving/inbox.js';
import type { FileRecord } from '../../../src/transfer/receiving/ledger.js';

export interface InboxUnderTest {
  inbox: Inbox;
  /** The content of a file that was published, by the path that `publish` gave. */
  read(path: string): Promise<Buffer>;
  /** When it was last changed, as its sender has said. */
  dateOf(path: string): Promise<Date | undefined>;
  /** Changes it, as its user may. */
  change(path: string): Promise<void>;
  /** Takes it away, and puts another one there. */
  replace(path: string): Promise<void>;
  /** Takes it away, as its user may. */
  remove(path: string): Promise<void>;
}

const HELLO = Buffer.from('hello');
const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** What each inbox does, wherever it keeps its files. `open` makes a new one, empty and without limits. */
export function testInbox(name: string, open: () => Promise<InboxUnderTest>): void {
  describe(`an inbox in ${name}`, () => {
    test('publishes what was written, in the order of the calls', async () => {
      const { inbox, read } = await open();
      const partial = await inbox.createPartial({ size: 10 });
      await Promise.all(['hel', 'lo ', 'you!'].map((text) => partial.write(Buffer.from(text))));
      expect((await read(await partial.publish('a.txt'))).toString()).toBe('hello you!');
    });

    test('publishes an empty file', async () => {
      const { inbox, read } = await open();
      const partial = await inbox.createPartial({ size: 0 });
      expect(await read(await partial.publish('a'))).toEqual(Buffer.alloc(0));
    });

    test('gives a second file of one name the next free name', async () => {
      const { inbox, read } = await open();
      const paths: string[] = [];
      for (const text of ['one', 'two', 'three']) {
        const partial = await inbox.createPartial();
        await partial.write(Buffer.from(text));
        paths.push(await partial.publish('a.txt'));
      }
      expect(paths.map((path) => path.replace(/.*\//, ''))).toEqual([
        'a.txt',
        'a (1).txt',
        'a (2).txt',
      ]);
      expect((await Promise.all(paths.map(read))).map(String)).toEqual(['one', 'two', 'three']);
    });

    test('has the digests that were asked for, of all bytes so far, and no others', async () => {
      const { inbox } = await open();
      const partial = await inbox.createPartial({ algorithms: ['md5'] });
      await partial.write(HELLO);
      expect(partial.digest('sha256')).toEqual(sha256('hello'));
      await partial.write(HELLO);
      expect(partial.digest('sha256')).toEqual(sha256('hellohello'));
      expect(partial.digest('md5')).toHaveLength(16);
      expect(() => partial.digest('sha1')).toThrow(RangeError);
      await partial.discard();
    });

    test('takes not one byte more than were announced, and publishes nothing after that', async () => {
      const { inbox } = await open();
      const partial = await inbox.createPartial({ size: 5 });
      await partial.write(HELLO);
      await expect(partial.write(Buffer.from('!'))).rejects.toMatchObject({ name: 'NoRoom' });
      await expect(partial.publish('a')).rejects.toMatchObject({ name: 'NoRoom' });
      await partial.discard();
    });

    test.each([-1, 1.5, Number.NaN])('takes no file of %p bytes', async (size) => {
      const { inbox } = await open();
      await expect(inbox.createPartial({ size })).rejects.toThrow(RangeError);
    });

    test('goes on with what was kept under an identity', async () => {
      const { inbox, read } = await open();
      const wanted = { identity: 'one', size: 10 };
      const first = await inbox.createPartial(wanted);
      await first.write(HELLO);
      await first.keep();
      const second = await inbox.createPartial(wanted);
      expect(second.offset).toBe(5);
      expect(second.digest('sha256')).toEqual(sha256('hello'));
      await second.write(Buffer.from(' you!'));
      expect(String(await read(await second.publish('a')))).toBe('hello you!');
    });

    test.each([
      ['larger', 11],
      ['smaller', 5],
      ['unknown', undefined],
    ])('begins anew where the file is %s than what was kept of it', async (_how, size) => {
      const { inbox, read } = await open();
      const first = await inbox.createPartial({ identity: 'one', size: 10 });
      await first.write(HELLO);
      await first.keep();
      const sized = size === undefined ? {} : { size };
      const second = await inbox.createPartial({ identity: 'one', ...sized });
      expect(second.offset).toBe(0);
      await second.write(HELLO);
      expect(await read(await second.publish('a'))).toEqual(HELLO);
    });

    test('gives a file the date that its sender tells', async () => {
      const { inbox, dateOf } = await open();
      const date = new Date('2001-02-03T04:05:06.000Z');
      const partial = await inbox.createPartial();
      await partial.write(HELLO);
      expect(await dateOf(await partial.publish('a', { date }))).toEqual(date);
    });

    test('sees whether a file is as it arrived', async () => {
      const { inbox, change } = await open();
      const partial = await inbox.createPartial();
      await partial.write(HELLO);
      const sender = { account: 'a@b', peer: 'a@b/c', offered: ['a'], isDue: false };
      const path = await partial.publish('a', { record: sender });
      const [record] = [...inbox.ledger.records()];
      expect(await inbox.look(record as FileRecord)).toEqual({ path, size: 5, isUnchanged: true });
      await change(path);
      expect(await inbox.look(record as FileRecord)).toMatchObject({
        ...{ path, isUnchanged: false },
      });
    });

    test('takes no other file at the same path for the one that arrived (R800)', async () => {
      const { inbox, replace } = await open();
      const partial = await inbox.createPartial();
      await partial.write(HELLO);
      const sender = { account: 'a@b', peer: 'a@b/c', offered: ['a'], isDue: true };
      const path = await partial.publish('a', { record: sender });
      await replace(path);
      expect(await inbox.look([...inbox.ledger.records()][0] as FileRecord)).toBeUndefined();
    });

    test('does not take the file of another account, or a later one, for one that is gone (R402)', async () => {
      const { inbox, remove } = await open();
      const paths: string[] = [];
      for (const account of ['a@b', 'c@d', 'c@d']) {
        for (const path of paths.slice(-1)) await remove(path);
        const partial = await inbox.createPartial({ account });
        await partial.write(HELLO);
        const record = { account, peer: `${account}/e`, offered: ['a'], isDue: true };
        paths.push(await partial.publish('a', { record }));
      }
      expect(new Set(paths).size).toBe(1);
      const records = [...inbox.ledger.records()];
      expect(records.map(({ work }) => work?.state)).toEqual(['gone', 'gone', 'due']);
      // A program that is still running for the first may fail only now.
      await inbox.ledger.change(records[0]?.id ?? '', { work: { state: 'failed' } });
      const found = await Promise.all(records.map((record) => inbox.look(record)));
      expect(found).toEqual([undefined, undefined, { path: paths[2], size: 5, isUnchanged: true }]);
    });

    test('begins anew with another identity, without one, and while one is in use', async () => {
      const { inbox } = await open();
      const first = await inbox.createPartial({ identity: 'one' });
      await first.write(HELLO);
      const wanted = [{ identity: 'one' }, { identity: 'two' }, {}];
      const others = await Promise.all(wanted.map((one) => inbox.createPartial(one)));
      expect(others.map(({ offset }) => offset)).toEqual([0, 0, 0]);
      for (const partial of [first, ...others]) await partial.discard();
    });

    test.each<['keep' | 'discard', object]>([
      ['discard', { identity: 'one' }],
      ['keep', {}],
    ])('keeps nothing by %s of %j', async (how, wanted) => {
      const { inbox } = await open();
      const first = await inbox.createPartial(wanted);
      await first.write(HELLO);
      await first[how]();
      const second = await inbox.createPartial(wanted);
      expect(second.offset).toBe(0);
      await second.discard();
    });

    test('knows the channel that was to bring the rest of what is kept', async () => {
      const { inbox } = await open();
      const first = await inbox.createPartial({ identity: 'one', channel: 'first' });
      await first.write(HELLO);
      await first.keep();
      expect(inbox.hasRest('first')).toBe(false);
      const second = await inbox.createPartial({ identity: 'one', channel: 'second' });
      expect(inbox.hasRest('second')).toBe(false);
      await second.keep();
      expect(['first', 'second'].map((name) => inbox.hasRest(name))).toEqual([false, true]);
    });

    test('lets keep and discard do no harm to what was published', async () => {
      const { inbox, read } = await open();
      const partial = await inbox.createPartial({ identity: 'one' });
      await partial.write(HELLO);
      const path = await partial.publish('a');
      await partial.keep();
      await partial.discard();
      expect(await read(path)).toEqual(HELLO);
      const second = await inbox.createPartial({ identity: 'one' });
      expect(second.offset).toBe(0);
      await second.discard();
    });

    test('remembers a file for whom it is told to, under the name that it got, and finds it there', async () => {
      const { inbox } = await open();
      const record = { account: 'a@b', peer: 'a@b/c', offered: ['a.txt'] };
      const ids: string[] = [];
      for (const isDue of [false, true]) {
        const partial = await inbox.createPartial({ account: 'a@b' });
        await partial.write(HELLO);
        await partial.publish('a.txt', { record: { ...record, isDue } });
        ids.push(partial.id);
      }
      await (await inbox.createPartial()).publish('a.txt');
      const facts = { ...record, size: 5, sha256: sha256('hello').toString('hex') };
      const records = [...inbox.ledger.records()];
      expect(records).toMatchObject([
        { ...facts, id: ids[0], path: 'a.txt' },
        { ...facts, id: ids[1], path: 'a (1).txt', work: { state: 'due' } },
      ]);
      expect(inbox.ledger.find(facts).map(({ id }) => id)).toEqual(ids.reverse());
      for (const one of records) expect(await inbox.look(one)).toMatchObject({ isUnchanged: true });
      expect(await inbox.look({ ...(records[0] as FileRecord), path: 'b' })).toBeUndefined();
    });

    test('puts a file with a path into folders that are made for its account, and no other file', async () => {
      const { inbox, read } = await open();
      const publish = async (account: string, ...offered: string[]) => {
        const partial = await inbox.createPartial({ account });
        await partial.write(HELLO);
        const record = { account, peer: `${account}/x`, offered, isDue: false };
        return partial.publish(offered.at(-1) as string, { record });
      };
      const paths = [
        await publish('a@b', 'photos', 'deep', 'a.txt'),
        await publish('a@b', 'photos', 'b.txt'),
        await publish('c@d', 'photos', 'deep', 'a.txt'),
        await publish('a@b', 'photos'),
        await publish('a@b', 'photos', 'deep', 'a.txt'),
        await publish('c@d', 'photos', 'b.txt'),
        await publish('a@b', 'photos (2)', 'c.txt'),
      ];
      const records = [...inbox.ledger.records()];
      expect(records.map(({ path }) => path)).toEqual([
        ...['photos/deep/a.txt', 'photos/b.txt', 'photos (1)/deep/a.txt', 'photos (2)'],
        ...['photos/deep/a (1).txt', 'photos (1)/b.txt', 'photos (2) (1)/c.txt'],
      ]);
      for (const [index, path] of paths.entries()) {
        expect(path.endsWith(`/${records[index]?.path}`)).toBe(true);
        expect(await read(path)).toEqual(HELLO);
        expect(await inbox.look(records[index] as FileRecord)).toMatchObject({ path });
      }
    });

    test('makes a folder without files once', async () => {
      const { inbox } = await open();
      const made = await inbox.makeFolder({ account: 'a@b' }, ['photos', 'none']);
      expect(made.endsWith('/photos/none')).toBe(true);
      expect(await inbox.makeFolder({ account: 'a@b' }, ['photos', 'none'])).toBe(made);
      expect(await inbox.makeFolder({ account: 'c@d' }, ['photos'])).toBe(
        `${made.slice(0, -5)} (1)`,
      );
    });

    test('adds to a folder of a key what that key has brought, and nothing else (R438)', async () => {
      const { inbox } = await open();
      const [one, other] = [{ sealedBy: 'a'.repeat(52) }, { sealedBy: 'b'.repeat(52) }];
      const make = (by: object) => inbox.makeFolder({ account: 'a@b', ...by }, ['photos']);
      const names: string[] = [];
      for (const by of [one, {}, other, {}, other, one]) names.push(basename(await make(by)));
      expect(names).toEqual([
        ...['photos', 'photos (1)', 'photos (2)', 'photos (1)', 'photos (2)', 'photos'],
      ]);
      const partial = await inbox.createPartial();
      await partial.write(HELLO);
      const facts = { account: 'a@b', peer: 'a@b/c', offered: ['photos', 'a.txt'], isDue: false };
      await partial.publish('a.txt', { record: { ...facts, ...other } });
      expect([...inbox.ledger.records()].map(({ path }) => path)).toEqual(['photos (2)/a.txt']);
    });

    test('takes no file for now from an account whose records are all due', async () => {
      const { inbox } = await open();
      const account = 'a@b';
      inbox.ledger.checkRoom = (other) => {
        if (other === account) throw Object.assign(new Error('full'), { isPassing: true });
      };
      await expect(inbox.createPartial({ account })).rejects.toMatchObject({ isPassing: true });
      await (await inbox.createPartial({ account: 'c@d' })).discard();
    });

    test('takes nothing more once a partial has ended', async () => {
      const { inbox } = await open();
      const partial = await inbox.createPartial();
      await partial.discard();
      await expect(partial.write(HELLO)).rejects.toThrow('this partial has ended');
      await expect(partial.publish('a')).rejects.toThrow('this partial has ended');
    });
  });
}
