import { EventEmitter, once } from 'node:events';
import * as fs from 'node:fs/promises';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import { NoRoom } from '../../../src/transfer/inbox-errors.js';
import type { Inbox, InboxOptions, PartialFile } from '../../../src/transfer/receiving/inbox.js';
import { endedPartials } from '../ended-partials.js';
import { loneProcess } from '../lone-process.js';
import { fileError, tappedFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const ended = endedPartials();
const temporaryFolder = temporaryFolders();

const MIB = 1024 * 1024;

/** A disk of so many bytes, with nothing on it but the inbox. */
function diskOf(bytes: number, folder: string) {
  return tappedFiles(async ({ operation }, run) => {
    if (operation !== 'statfs') return run();
    const used = await sizeOf(folder);
    return { bavail: bytes - used, bsize: 1 };
  });
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const stats = await Promise.all(
    files.map(({ parentPath, name }) => fs.stat(join(parentPath, name))),
  );
  return stats.reduce((sum, { size }) => sum + size, 0);
}

async function open(options: InboxOptions, disk = Number.MAX_SAFE_INTEGER) {
  const folder = await temporaryFolder();
  const system = { files: diskOf(disk, folder), processes: loneProcess(1), now: Date.now };
  return { folder, inbox: await openInbox(folder, options, system) };
}

const expectNoRoom = (started: Promise<unknown>, words: RegExp) =>
  expect(started).rejects.toMatchObject({
    name: 'NoRoom',
    message: expect.stringMatching(words),
  });

async function fill(inbox: Inbox, size: number): Promise<void> {
  const partial = await inbox.createPartial({ size });
  await partial.write(Buffer.alloc(size));
  await partial.publish('a');
}

describe('one file', () => {
  test('may be as large as the limit, and is turned away before a byte of it when it is larger (R17)', async () => {
    const { folder, inbox } = await open({ maxSize: 100 });
    await expectNoRoom(inbox.createPartial({ size: 101 }), /^the file is larger than 100 bytes$/);
    expect(await readdir(join(folder, '.inband'))).toEqual(['lock']);
    await fill(inbox, 100);
  });

  test.each([
    ['of unknown size is cut at the limit', undefined],
    ['is cut where its sender said that it would end', 100],
  ])('%s', async (_, size) => {
    const { folder, inbox } = await open({ maxSize: size ? 1000 : 100 });
    const partial = await inbox.createPartial(size ? { size } : {});
    await partial.write(Buffer.alloc(60));
    await expectNoRoom(partial.write(Buffer.alloc(41)), /larger than 100 bytes/);
    await expect(partial.write(Buffer.alloc(1))).rejects.toThrow(NoRoom);
    await expect(partial.publish('a')).rejects.toThrow(NoRoom);
    await partial.discard();
    expect(await sizeOf(folder)).toBe(0);
  });

  test('counts with what was kept of it', async () => {
    const { inbox } = await open({ maxSize: 100 });
    const earlier = await inbox.createPartial({ identity: 'a' });
    await earlier.write(Buffer.alloc(60));
    await earlier.keep();
    const partial = await inbox.createPartial({ identity: 'a' });
    await partial.write(Buffer.alloc(40));
    await expectNoRoom(partial.write(Buffer.alloc(1)), /larger than 100 bytes/);
    await partial.discard();
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('of %d bytes is none', async (size) => {
    const { inbox } = await open({});
    await expect(inbox.createPartial({ size })).rejects.toThrow(RangeError);
  });
});

describe('whether there is room is known before', () => {
  test.each<[string, InboxOptions, number, { size?: number; account?: string }]>([
    ['a file that is too large', { maxSize: 100 }, Number.MAX_SAFE_INTEGER, { size: 101 }],
    ['a disk that is full', { minFree: 500_000 }, 500_000, { size: 1 }],
    ['a disk that is full, and no size', { minFree: 500_000 }, 500_000, {}],
    ['a folder that is full', { maxTotal: 0 }, Number.MAX_SAFE_INTEGER, { size: 1 }],
  ])('of %s, in the same words, and nothing is made (R860)', async (_, limits, disk, wanted) => {
    const { folder, inbox } = await open(limits, disk);
    const before: Error = await inbox.checkRoom(wanted).catch((error) => error);
    expect(before).toBeInstanceOf(NoRoom);
    await expect(inbox.createPartial(wanted)).rejects.toEqual(before);
    expect(await readdir(join(folder, '.inband'))).toEqual(['lock']);
  });

  test('and where there is, none of it is set aside (R860)', async () => {
    const { inbox } = await open({ minFree: 500_000 }, 1_000_000);
    for (let count = 0; count < 3; count++) await inbox.checkRoom({ size: 400_000 });
    const partial = await inbox.createPartial({ size: 400_000 });
    const others: Error = await inbox.checkRoom({ size: 400_000 }).catch((error) => error);
    expect(others).toMatchObject({ name: 'NoRoom', isPassing: true });
    await partial.discard();
  });

  test('with what is kept of it (R860)', async () => {
    const { inbox } = await open({ minFree: 500_000 }, 1_000_000);
    const wanted = { identity: 'a', size: 400_000 };
    const earlier = await inbox.createPartial(wanted);
    await earlier.write(Buffer.alloc(300_000));
    await earlier.keep();
    await inbox.checkRoom(wanted);
    await expectNoRoom(inbox.checkRoom({ ...wanted, identity: 'b' }), /no room/);
  });

  test.each([400_000, 600_000])(
    'and what counts for %i bytes of it that are kept counts once for a total (R1041)',
    async (bytes) => {
      const { inbox } = await open({ maxTotal: 1_000_000 });
      const wanted = { identity: 'a', size: 1_000_000 };
      const earlier = await inbox.createPartial(wanted);
      await earlier.write(Buffer.alloc(bytes));
      await earlier.keep();
      await inbox.checkRoom(wanted);
      const larger = { ...wanted, size: 1_000_001 };
      await expectNoRoom(inbox.checkRoom(larger), /it may hold 1 MB in all/);
      const partial = await inbox.createPartial(wanted);
      expect(partial.offset).toBe(bytes);
      await partial.discard();
    },
  );

  test('and so is what gives way to it (R1041)', async () => {
    const { inbox } = await open({ maxTotal: 1_000_000 });
    const large = { identity: 'a', account: 'mallory', size: 900_000 };
    const earlier = await inbox.createPartial(large);
    await earlier.write(Buffer.alloc(600_000));
    await earlier.keep();
    const wanted = { identity: 'b', account: 'alice', size: 900_000 };
    await inbox.checkRoom(wanted);
    expect(inbox.keptOf(large)).toBe(600_000);
    await (await inbox.createPartial(wanted)).discard();
    expect(inbox.keptOf(large)).toBe(0);
  });
});

describe('the disk', () => {
  test('is never filled beyond what is to stay free (R17)', async () => {
    const { inbox } = await open({ minFree: 500_000 }, 1_000_000);
    await expectNoRoom(
      inbox.createPartial({ size: 501_000 }),
      / are free, and --min-free wants 500 kB/,
    );
    await fill(inbox, 500_000);
  });

  test('has no room twice for files under way, and has it again when one of them ends', async () => {
    const { inbox } = await open({ minFree: 500_000 }, 1_000_000);
    const tries = [300_000, 300_000, 200_000].map((size) => inbox.createPartial({ size }));
    await expectNoRoom(
      tries[1] as Promise<unknown>,
      /: what is left of the disk is set aside for files under way$/,
    );
    const [first, last] = (await Promise.all([tries[0], tries[2]])) as [PartialFile, PartialFile];
    await first.write(Buffer.alloc(300_000)); // what is written is not set aside as well
    await expectNoRoom(inbox.createPartial({ size: 1 }), /no room/);
    await first.discard();
    const next = await inbox.createPartial({ size: 300_000 });
    await Promise.all([last.discard(), next.discard()]);
  });

  test('takes a file of unknown size as long as there is room', async () => {
    const { inbox } = await open({ minFree: 500 }, 9 * MIB);
    const partial = await inbox.createPartial();
    for (let count = 0; count < 8; count++) await partial.write(Buffer.alloc(MIB));
    await partial.write(Buffer.alloc(MIB - 500)); // less than is set aside at a time
    await expectNoRoom(partial.write(Buffer.alloc(1)), /no room/);
    await partial.discard();
  });

  test('has room for the rest of what was kept, which stays when there is none', async () => {
    const folder = await temporaryFolder();
    let size = 1_000_000;
    const files = tappedFiles(async ({ operation }, run) =>
      operation === 'statfs' ? { bavail: size, bsize: 1 } : run(),
    );
    const system = { files, processes: loneProcess(1), now: Date.now };
    const inbox = await openInbox(folder, {}, system);
    const wanted = { identity: 'a', size: 800_000 };
    const partial = await inbox.createPartial(wanted);
    await partial.write(Buffer.alloc(700_000));
    await partial.keep();
    size = 99_000;
    await expectNoRoom(inbox.createPartial(wanted), /no room/);
    size = 100_000;
    const next = await inbox.createPartial(wanted);
    expect(next.offset).toBe(700_000);
    await next.discard();
  });
});

test('all files in the inbox and all partials count for the total (R17)', async () => {
  const { folder, inbox } = await open({ maxTotal: 10_000_000 });
  await writeFile(join(folder, 'was there'), Buffer.alloc(1_000_000));
  await fill(inbox, 2_000_000);
  const kept = await inbox.createPartial({ identity: 'a', size: 5_000_000 });
  await kept.write(Buffer.alloc(3_000_000));
  await kept.keep();
  const running = await inbox.createPartial({ size: 3_000_000 });
  await running.write(Buffer.alloc(1_000_000));
  const journal = (await sizeOf(folder)) - 1_000_000 - 2_000_000 - 3_000_000 - 1_000_000;
  const left = 1_000_000 - journal;
  await expectNoRoom(
    inbox.createPartial({ size: left + 1 }),
    /^no room in \S+: it may hold 10 MB in all$/,
  );
  const last = await inbox.createPartial({ size: left });
  await last.write(Buffer.alloc(left));
  await last.publish('b');
  await running.discard();
  expect(await readFile(join(folder, 'b'))).toHaveLength(left);
});

test('a part that cannot be made sets no room aside', async () => {
  const folder = await temporaryFolder();
  let fails = true;
  const files = tappedFiles(async ({ operation, args: [path] }, run) => {
    if (operation === 'statfs') return { bavail: 100_000, bsize: 1 };
    if (fails && String(path).endsWith('.part'))
      throw Object.assign(new Error(), { code: 'EMFILE' });
    return run();
  });
  const system = { files, processes: loneProcess(1), now: Date.now };
  const inbox = await openInbox(folder, {}, system);
  await expect(inbox.createPartial({ size: 60_000 })).rejects.toMatchObject({ code: 'EMFILE' });
  fails = false;
  await fill(inbox, 60_000);
});

test('a full disk is no room for the rest of a file, before anything is written', async () => {
  const folder = await temporaryFolder();
  let isFull = false;
  const files = tappedFiles(async ({ operation }, run) => {
    if (operation === 'statfs') return { bavail: isFull ? 0 : 100_000, bsize: 1 };
    if (isFull && operation === 'handle.writeFile') throw fileError('ENOSPC');
    return run();
  });
  const inbox = await openInbox(folder, {}, { files, processes: loneProcess(1), now: Date.now });
  const wanted = { identity: 'a', size: 10_000, channel: 's1 alice' };
  const partial = await inbox.createPartial(wanted);
  await partial.write(Buffer.alloc(5_000));
  await partial.keep();
  isFull = true;
  await expectNoRoom(inbox.createPartial(wanted), /the disk is full/);
  isFull = false;
  expect((await ended(inbox.createPartial(wanted))).offset).toBe(5_000);
});

describe('a disk that does not say how much of it is free', () => {
  const ANSWERS = [
    ['has no blocks', async () => ({ blocks: 0, bavail: 0, bsize: 0 })],
    ['says what is no number', async () => ({ blocks: 1, bavail: Number.NaN, bsize: 1 })],
    ['says less than nothing', async () => ({ blocks: 1, bavail: -5, bsize: 4096 })],
    ['does not know the question', async () => Promise.reject(fileError('ENOSYS'))],
  ] as const;

  test.each(ANSWERS)('because it %s takes files (R81)', async (_, statfs) => {
    const folder = await temporaryFolder();
    const files = tappedFiles(({ operation }, run) => (operation === 'statfs' ? statfs() : run()));
    const system = { files, processes: loneProcess(1), now: Date.now };
    await fill(await openInbox(folder, {}, system), 60);
    const careful = await openInbox(await temporaryFolder(), { minFree: 1 }, system);
    await expectNoRoom(
      careful.createPartial({ size: 60 }),
      /: its disk does not say how much is free, and --min-free wants 1 B$/,
    );
  });
});

test('a file with two names counts once for the total (R93)', async () => {
  const { folder, inbox } = await open({ maxTotal: 100_000 });
  await writeFile(join(folder, 'one name'), Buffer.alloc(40_000));
  await fs.link(join(folder, 'one name'), join(folder, 'another'));
  const partial = await inbox.createPartial({ size: 60_000 });
  await expectNoRoom(inbox.createPartial({ size: 1 }), /it may hold 100 kB in all/);
  await partial.discard();
  await inbox.close();
});

describe('the total', () => {
  /** A folder that says that it has so many files of one byte; `calls` are those in it. */
  async function crowded(count: number) {
    const folder = await temporaryFolder();
    const state = { now: 0, size: 5_000, calls: 0 };
    const entries = Array.from({ length: count }, (_, index) => ({
      name: `${index}`,
      isFile: () => true,
    }));
    const files = tappedFiles(async ({ operation, args: [path, options] }, run) => {
      if (operation === 'readdir' && path === folder && options) {
        state.calls += 1;
        return entries;
      }
      if (operation !== 'lstat' || !/^\d+$/.test(String(path).slice(folder.length + 1)))
        return run();
      state.calls += 1;
      return { size: state.size, nlink: 1 };
    });
    const system = { files, processes: loneProcess(1), now: () => state.now };
    const inbox = await openInbox(folder, { maxTotal: 30_000_000 }, system);
    return { state, inbox };
  }

  test('of a crowded folder is not read for each file that arrives (R93)', async () => {
    const { state, inbox } = await crowded(5_000);
    for (let count = 0; count < 20; count++) await fill(inbox, 200_000);
    expect(state.calls).toBe(5_001);
    await fill(inbox, 1_000_000);
    await expectNoRoom(inbox.createPartial({ size: 1 }), /it may hold 30 MB in all/);
    expect(state.calls).toBe(5_001);
  });

  test('is read again after a while, which nobody waits for unless it matters (R93)', async () => {
    const { state, inbox } = await crowded(5_000);
    await fill(inbox, 5_000_000);
    state.size = 0; // somebody has emptied them
    await expectNoRoom(inbox.createPartial({ size: 1 }), /no room/);
    state.now = 2_000;
    await fill(inbox, 1);
    expect(state.calls).toBe(10_002);
  });

  test('counts a file once while it has two names (R93)', async () => {
    const folder = await temporaryFolder();
    const held = new EventEmitter();
    let isFirst = true;
    const files = tappedFiles(async ({ operation, args: [path] }, run) => {
      if (operation === 'rm' && String(path).endsWith('.part') && isFirst) {
        isFirst = false;
        held.emit('held');
        await once(held, 'go');
      }
      return run();
    });
    const system = { files, processes: loneProcess(1), now: Date.now };
    const inbox = await openInbox(folder, { maxTotal: 100_000 }, system);
    const isHeld = once(held, 'held');
    const filled = fill(inbox, 60_000);
    await isHeld;
    expect(await readdir(folder)).toContain('a');
    await expectNoRoom(inbox.createPartial({ size: 41_000 }), /it may hold 100 kB in all/);
    const fits = await inbox.createPartial({ size: 40_000 });
    held.emit('go');
    await filled;
    await expectNoRoom(inbox.createPartial({ size: 1 }), /it may hold 100 kB in all/);
    await fits.discard();
    await (await inbox.createPartial({ size: 40_000 })).discard();
  });

  test('has room for the rest of a file that fits exactly (R93)', async () => {
    const { inbox } = await open({ maxTotal: 100_000 });
    const wanted = { identity: 'a', size: 100_000 };
    const partial = await inbox.createPartial(wanted);
    await partial.write(Buffer.alloc(60_000));
    await partial.keep();
    const next = await inbox.createPartial(wanted);
    expect(next.offset).toBe(60_000);
    await next.write(Buffer.alloc(40_000));
    await next.publish('a');
  });
});

test.each([
  ['the total', { maxTotal: 100_000 }],
  ['the disk', { minFree: 900_000 }],
])(
  'room of %s that other files under way may need is missing for now only (R89)',
  async (_, limits) => {
    const { inbox } = await open(limits, 1_000_000);
    const first = await inbox.createPartial({ size: 60_000 });
    await expect(inbox.createPartial({ size: 41_000 })).rejects.toMatchObject({ isPassing: true });
    await expect(inbox.createPartial({ size: 101_000 })).rejects.toMatchObject({
      isPassing: false,
    });
    await first.write(Buffer.alloc(60_000));
    await expect(inbox.createPartial({ size: 41_000 })).rejects.toMatchObject({ isPassing: false });
    await first.discard();
  },
);

describe.each([
  ['the total', { maxTotal: 1_000_000 }],
  ['the disk', { minFree: 9_000_000 }],
])('of %s', (_, limits) => {
  const ALL = 1_000_000;
  const from = (inbox: Inbox, account: string, size: number) =>
    ended(inbox.createPartial({ account, size }));

  // One account set all of it aside with a figure, for as long as its file took.
  test('one account that announces all leaves others half, and so does each (R105)', async () => {
    const { inbox } = await open(limits, 10_000_000);
    await from(inbox, 'a', ALL);
    await expect(from(inbox, 'b', 501_000)).rejects.toMatchObject({ isPassing: true });
    await from(inbox, 'b', 500_000);
    await from(inbox, 'c', 250_000);
    const last = await from(inbox, 'd', 125_000);
    await last.write(Buffer.alloc(125_000));
    await last.publish('d');
  });

  test('one file may take all where nobody else comes (R105)', async () => {
    const { inbox } = await open(limits, 10_000_000);
    const partial = await from(inbox, 'a', ALL);
    for (let count = 0; count < 10; count++) await partial.write(Buffer.alloc(100_000));
    expect(await partial.publish('a')).toMatch(/a$/);
    await expect(from(inbox, 'a', 1)).rejects.toMatchObject({ isPassing: false });
  });

  test('all files that one account has announced fit together (R105)', async () => {
    const { inbox } = await open(limits, 10_000_000);
    await from(inbox, 'a', 600_000);
    const other = await from(inbox, 'a', 400_000);
    await expect(from(inbox, 'a', 1)).rejects.toMatchObject({ isPassing: true });
    await other.write(Buffer.alloc(400_000));
    await other.publish('a');
  });

  test('what was announced twice is not taken twice: who comes first has it (R105)', async () => {
    const { folder, inbox } = await open(limits, 10_000_000);
    const large = await from(inbox, 'a', ALL);
    const small = await from(inbox, 'b', 400_000);
    await small.write(Buffer.alloc(400_000));
    await large.write(Buffer.alloc(600_000));
    await expect(large.write(Buffer.alloc(1))).rejects.toThrow(NoRoom);
    await small.publish('b');
    await large.discard();
    expect(await sizeOf(folder)).toBe(400_000);
  });

  test('what others bring meanwhile is missing for now only (R105)', async () => {
    const { inbox } = await open(limits, 10_000_000);
    const large = await from(inbox, 'a', ALL);
    await large.write(Buffer.alloc(400_000));
    await from(inbox, 'b', 300_000);
    await large.write(Buffer.alloc(300_000));
    await expect(large.write(Buffer.alloc(300_000))).rejects.toMatchObject({ isPassing: true });
  });
});

describe('a disk with hardly any names left', () => {
  async function scarce() {
    const folder = await temporaryFolder();
    const names = { ffree: 500 };
    const files = tappedFiles(async ({ operation }, run) =>
      operation === 'statfs' ? { bavail: 100_000, bsize: 1024, files: 10_000, ...names } : run(),
    );
    const system = { files, processes: loneProcess(1), now: Date.now };
    return { names, inbox: await openInbox(folder, {}, system) };
  }

  test('takes no file, however small (R105)', async () => {
    const { names, inbox } = await scarce();
    await fill(inbox, 0);
    names.ffree = 499;
    await expectNoRoom(
      inbox.createPartial({ size: 0 }),
      /: the disk has hardly any room for more files$/,
    );
  });

  // Its sender heard that it was too large.
  test('takes the rest of each that has its own already (R105)', async () => {
    const { names, inbox } = await scarce();
    const wanted = { account: 'a', identity: 'a', size: 80 * MIB };
    const partial = await inbox.createPartial(wanted);
    names.ffree = 499;
    // More than is set aside at once.
    for (let count = 0; count < 60; count++) await partial.write(Buffer.alloc(MIB));
    await partial.keep();
    const rest = await inbox.createPartial(wanted);
    for (let count = 0; count < 20; count++) await rest.write(Buffer.alloc(MIB));
    await rest.publish('a');
  });
});

test('an empty file counts as a block of 4096 bytes for the total (R105)', async () => {
  const { folder, inbox } = await open({ maxTotal: 5 * 4096 });
  await writeFile(join(folder, 'was there'), '');
  await fill(inbox, 0);
  const [unknown, one] = [await inbox.createPartial(), await inbox.createPartial({ size: 1 })];
  await unknown.write(Buffer.alloc(4096));
  await fill(inbox, 0);
  await expectNoRoom(inbox.createPartial({ size: 0 }), /it may hold 20.5 kB in all/);
  await Promise.all([unknown.publish('b'), one.publish('c')]);
  await expectNoRoom(inbox.createPartial({ size: 0 }), /it may hold 20.5 kB in all/);
});

test('a file that is too large for the disk is told from a disk that is full (R805)', async () => {
  const { inbox } = await open({}, 79e9);
  await expectNoRoom(
    inbox.createPartial({ size: 1e15 }),
    /79 GB are free, and 1 PB more are needed/,
  );
});
