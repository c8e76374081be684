import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { appendFile, link, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openInbox, type System } from '../../../src/storage/inbox/inbox.js';
import { NoRoom } from '../../../src/transfer/inbox-errors.js';
import type {
  Inbox,
  InboxOptions,
  PartialFile,
  WantedPartial,
} from '../../../src/transfer/receiving/inbox.js';
import { loneProcess } from '../lone-process.js';
import { failingFiles, tappedFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
const WANTED = { identity: 'alice, 10 bytes', name: 'a', size: 10 };

let pid = 0;
/** Opens it as a new process, those before being dead. */
async function restart(
  folder: string,
  system: Partial<System> = {},
  options: InboxOptions = {},
): Promise<Inbox> {
  pid += 1;
  const usual = { files: fs, processes: loneProcess(pid), now: Date.now };
  const inbox = await openInbox(folder, options, { ...usual, ...system });
  return {
    createPartial: async (wanted) => {
      const partial = await inbox.createPartial(wanted);
      partials.push(partial);
      return partial;
    },
    checkRoom: (wanted) => inbox.checkRoom(wanted),
    keptOf: (wanted) => inbox.keptOf(wanted),
    hasRest: (channel) => inbox.hasRest(channel),
    ledger: inbox.ledger,
    look: (record) => inbox.look(record),
    setExecutable: (...wanted) => inbox.setExecutable(...wanted),
    makeFolder: (account, offered) => inbox.makeFolder(account, offered),
    findFolder: (account, offered) => inbox.findFolder(account, offered),
    takeRequest: () => inbox.takeRequest(),
    endRequest: () => inbox.endRequest(),
    lost: inbox.lost,
    close: () => inbox.close(),
  };
}

const partials: PartialFile[] = [];
afterEach(async () => {
  for (const partial of partials.splice(0)) await partial.discard();
});

async function keep(inbox: Inbox, text: string, wanted: WantedPartial = WANTED): Promise<void> {
  const partial = await inbox.createPartial(wanted);
  await partial.write(Buffer.from(text));
  await partial.keep();
}

const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** The names in the folder for partials that end so. */
async function partialsIn(folder: string, extension = ''): Promise<string[]> {
  const names = await readdir(join(folder, '.inband'));
  return names.filter((name) => name !== 'lock' && name.endsWith(extension));
}

const pathOf = async (folder: string, extension: string) =>
  join(folder, '.inband', (await partialsIn(folder, extension))[0] ?? '');

describe('a partial that was kept', () => {
  test('is gone on with, its digests being those of all bytes', async () => {
    const folder = await temporaryFolder();
    const inbox = await restart(folder);
    await keep(inbox, '01234');
    const partial = await inbox.createPartial({ ...WANTED, algorithms: ['sha1'] });
    expect(partial.offset).toBe(5);
    await partial.write(Buffer.from('56789'));
    expect(partial.digest('sha256')).toEqual(sha256('0123456789'));
    expect(partial.digest('sha1')).toEqual(createHash('sha1').update('0123456789').digest());
    expect(await readFile(await partial.publish('a'), 'utf8')).toBe('0123456789');
    expect(await partialsIn(folder)).toEqual([]);
  });

  test('is read again part by part, and stays kept where that is broken off (R640)', async () => {
    const inbox = await restart(await temporaryFolder());
    const wanted = { identity: 'alice, 3 MiB', size: 3 * MIB };
    const partial = await inbox.createPartial(wanted);
    await partial.write(Buffer.alloc(2.5 * MIB));
    await partial.keep();
    let parts = 0;
    const onRead = () => {
      parts += 1;
      if (parts === 2) throw new Error('nobody waits for it');
    };
    await expect(inbox.createPartial({ ...wanted, onRead })).rejects.toThrow('nobody waits');
    expect(inbox.keptOf(wanted)).toBe(2.5 * MIB);
    expect((await inbox.createPartial({ ...wanted, onRead })).offset).toBe(2.5 * MIB);
    expect(parts).toBe(5);
  });

  test('is there after a restart, and may be kept again', async () => {
    const folder = await temporaryFolder();
    for (const [offset, text] of ['012', '345', '678'].entries()) {
      const inbox = await restart(folder);
      const partial = await inbox.createPartial(WANTED);
      expect(partial.offset).toBe(offset * 3);
      await partial.write(Buffer.from(text));
      await partial.keep();
    }
    expect((await (await restart(folder)).createPartial(WANTED)).offset).toBe(9);
  });

  test('knows, after a restart too, which channel was to bring its rest', async () => {
    const folder = await temporaryFolder();
    const first = await restart(folder);
    await keep(first, '01234', { ...WANTED, channel: 's1 alice' });
    expect(first.hasRest('s1 alice')).toBe(false);
    // This process is killed before a byte comes.
    await (await restart(folder)).createPartial({ ...WANTED, channel: 's2 alice' });
    const inbox = await restart(folder);
    const asked = ['s1 alice', 's2 alice', 's2 bob'];
    expect(asked.map((one) => inbox.hasRest(one))).toEqual([false, true, false]);
    const last = await inbox.createPartial({ ...WANTED, channel: 's3 alice' });
    await last.write(Buffer.from('56789'));
    await last.publish('a');
    expect(inbox.hasRest('s2 alice') || inbox.hasRest('s3 alice')).toBe(false);
  });

  test('is not for another identity, nor for one who gives none (R29)', async () => {
    const inbox = await restart(await temporaryFolder());
    await keep(inbox, '01234');
    expect((await inbox.createPartial({ ...WANTED, identity: 'mallory' })).offset).toBe(0);
    expect((await inbox.createPartial({ size: 10 })).offset).toBe(0);
    expect((await inbox.createPartial(WANTED)).offset).toBe(5);
  });

  test('is not for a second transfer while the first one has it', async () => {
    const inbox = await restart(await temporaryFolder());
    await keep(inbox, '01234');
    const [first, second] = [await inbox.createPartial(WANTED), await inbox.createPartial(WANTED)];
    expect([first.offset, second.offset]).toEqual([5, 0]);
    await second.write(Buffer.from('abcde'));
    await first.write(Buffer.from('56789'));
    expect(await readFile(await first.publish('a'), 'utf8')).toBe('0123456789');
    await second.write(Buffer.from('fghij'));
    expect(await readFile(await second.publish('a'), 'utf8')).toBe('abcdefghij');
  });

  test('gives way to one with more bytes, and to none with fewer', async () => {
    const folder = await temporaryFolder();
    const inbox = await restart(folder);
    const texts = ['0123', '012345', '01'];
    const partials = await Promise.all(texts.map(() => inbox.createPartial(WANTED)));
    for (const [index, partial] of partials.entries()) {
      await partial.write(Buffer.from(texts[index] ?? ''));
      await partial.keep();
    }
    expect(await partialsIn(folder)).toHaveLength(2);
    expect((await inbox.createPartial(WANTED)).offset).toBe(6);
  });

  test('loses what was written after the last sync (R39)', async () => {
    const folder = await temporaryFolder();
    await keep(await restart(folder), '01234');
    await appendFile(await pathOf(folder, '.part'), 'torn');
    const partial = await (await restart(folder)).createPartial(WANTED);
    expect(partial.offset).toBe(5);
    await partial.write(Buffer.from('5'));
    expect(await readFile(await partial.publish('a'), 'utf8')).toBe('012345');
  });

  test.each<[string, (folder: string) => Promise<void>]>([
    [
      'whose bytes have changed',
      async (folder) => writeFile(await pathOf(folder, '.part'), '01x34'),
    ],
    [
      'that is shorter than its journal says',
      async (folder) => truncate(await pathOf(folder, '.part'), 4),
    ],
    ['without its journal', async (folder) => fs.rm(await pathOf(folder, '.json'))],
    ['whose journal is torn', async (folder) => truncate(await pathOf(folder, '.json'), 20)],
    [
      'whose journal is a symlink',
      async (folder) => {
        const path = await pathOf(folder, '.json');
        await fs.rename(path, join(folder, 'elsewhere'));
        await fs.symlink(join(folder, 'elsewhere'), path);
      },
    ],
    [
      'that is a symlink',
      async (folder) => {
        const path = await pathOf(folder, '.part');
        await fs.rename(path, join(folder, 'elsewhere'));
        await fs.symlink(join(folder, 'elsewhere'), path);
      },
    ],
    ['that is gone', async (folder) => fs.rm(await pathOf(folder, '.part'))],
  ])('%s is thrown away', async (_, damage) => {
    const folder = await temporaryFolder();
    await keep(await restart(folder), '01234');
    await damage(folder);
    const inbox = await restart(folder);
    const partial = await inbox.createPartial(WANTED);
    expect(partial.offset).toBe(0);
    expect(await partialsIn(folder)).toHaveLength(1);
    await partial.write(Buffer.from('abc'));
    expect(await readFile(await partial.publish('a'), 'utf8')).toBe('abc');
  });

  test('that became damaged since the start is thrown away', async () => {
    const folder = await temporaryFolder();
    const inbox = await restart(folder);
    await keep(inbox, '01234');
    await writeFile(await pathOf(folder, '.part'), '01x34');
    expect((await inbox.createPartial(WANTED)).offset).toBe(0);
    expect(await partialsIn(folder)).toHaveLength(1);
  });

  test('is thrown away when the disk cannot read it, and stays when it could not be tried', async () => {
    const folder = await temporaryFolder();
    await keep(await restart(folder), '01234');
    let opens = 0;
    const busy = failingFiles('handle.read', 'EMFILE', () => ++opens === 1);
    const inbox = await restart(folder, { files: busy });
    await expect(inbox.createPartial(WANTED)).rejects.toThrow('EMFILE');
    expect((await inbox.createPartial(WANTED)).offset).toBe(5);
    const ill = await restart(folder, { files: failingFiles('handle.read', 'EIO') });
    expect((await ill.createPartial(WANTED)).offset).toBe(0);
  });

  test('is never the file that it was published as', async () => {
    const folder = await temporaryFolder();
    await keep(await restart(folder), '01234');
    // As a crash leaves it, between the new name and the removal of the old one.
    await link(await pathOf(folder, '.part'), join(folder, 'a'));
    const partial = await (await restart(folder)).createPartial(WANTED);
    await partial.write(Buffer.from('new'));
    expect(partial.offset).toBe(0);
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('01234');
  });

  test.each([
    ['at the next start', 0, 7 * DAY_MS],
    ['at the next start, the clock having gone back', 7 * DAY_MS, 0],
  ])('goes after seven days, %s', async (_, then, now) => {
    const folder = await temporaryFolder();
    await keep(await restart(folder, { now: () => then }), '01234');
    await restart(folder, { now: () => now + Math.sign(then - now) });
    expect(await partialsIn(folder)).toHaveLength(2);
    await restart(folder, { now: () => now });
    expect(await partialsIn(folder)).toEqual([]);
  });

  test('goes after seven days of one run, when somebody else sends (R42)', async () => {
    const folder = await temporaryFolder();
    let now = 0;
    const inbox = await restart(folder, { now: () => now });
    await keep(inbox, '01234');
    now = 7 * DAY_MS;
    await (await inbox.createPartial()).discard();
    expect(await partialsIn(folder)).toEqual([]);
  });

  test('stays after seven days where room is only looked for, and is not gone on with (R1041)', async () => {
    const folder = await temporaryFolder();
    let now = 0;
    const inbox = await restart(folder, { now: () => now });
    await keep(inbox, '01234');
    now = 7 * DAY_MS;
    await inbox.checkRoom({ size: 1 });
    expect(await partialsIn(folder)).toHaveLength(2);
    expect(inbox.keptOf(WANTED)).toBe(0);
  });

  test('goes when 256 others have been kept since', async () => {
    const folder = await temporaryFolder();
    const inbox = await restart(folder);
    for (let count = 0; count <= 256; count++)
      await keep(inbox, 'x', { ...WANTED, identity: `${count}` });
    expect(await partialsIn(folder, '.part')).toHaveLength(256);
    expect((await inbox.createPartial({ ...WANTED, identity: '0' })).offset).toBe(0);
    expect((await inbox.createPartial({ ...WANTED, identity: '1' })).offset).toBe(1);
  });

  test("of one account pushes out no other account's, and 32 of it stay (R94)", async () => {
    const folder = await temporaryFolder();
    const inbox = await restart(folder);
    const keepOf = (account: string, identity: string) =>
      keep(inbox, 'x', { ...WANTED, account, identity });
    await keepOf('alice', 'letter');
    for (let count = 0; count < 264; count++) await keepOf('mallory', `${count}`);
    expect(await partialsIn(folder, '.part')).toHaveLength(33);
    const again = await restart(folder);
    const offsetOf = async (identity: string) =>
      (await again.createPartial({ ...WANTED, identity })).offset;
    expect(await offsetOf('letter')).toBe(1);
    expect(await offsetOf('231')).toBe(0);
    expect(await offsetOf('232')).toBe(1);
  });

  test('of who has fewest goes last when there are too many (R94)', async () => {
    const inbox = await restart(await temporaryFolder());
    const keepOf = (account: string, identity: string) =>
      keep(inbox, 'x', { ...WANTED, account, identity });
    await keepOf('alice', 'letter');
    for (let account = 0; account < 9; account++) {
      for (let count = 0; count < 32; count++) await keepOf(`m${account}`, `${account} ${count}`);
    }
    expect((await inbox.createPartial({ ...WANTED, identity: 'letter' })).offset).toBe(1);
  });

  test('of one account takes half of the room at most, beside the last one (R94)', async () => {
    const folder = await temporaryFolder();
    const inbox = await restart(folder, {}, { maxTotal: 10_000 });
    const text = 'x'.repeat(3_000);
    const wanted = { account: 'mallory', size: 4_000 };
    for (const identity of ['a', 'b', 'c']) await keep(inbox, text, { ...wanted, identity });
    expect(await partialsIn(folder, '.part')).toHaveLength(1);
    await keep(inbox, text, { ...wanted, account: 'alice', identity: 'd' });
    expect((await inbox.createPartial({ ...wanted, identity: 'c' })).offset).toBe(3_000);
  });

  test('that is more than half of the room makes way for what others send (R150)', async () => {
    const folder = await temporaryFolder();
    const inbox = await restart(folder, {}, { maxTotal: 20_000 });
    const large = { account: 'mallory', size: 19_000, identity: 'large' };
    await keep(inbox, 'x'.repeat(18_000), large);
    const letter = await inbox.createPartial({ account: 'alice', size: 4_000, identity: 'letter' });
    await letter.write(Buffer.from('x'.repeat(4_000)));
    await letter.keep();
    expect(await partialsIn(folder, '.part')).toHaveLength(1);
  });

  test('that is no more than its account may leave makes way for nobody (R150)', async () => {
    const folder = await temporaryFolder();
    const inbox = await restart(folder, {}, { maxTotal: 20_000 });
    await keep(inbox, 'x'.repeat(9_000), { account: 'mallory', size: 9_500, identity: 'part' });
    const others = inbox.createPartial({ account: 'alice', size: 15_000, identity: 'letter' });
    await expect(others).rejects.toThrow(NoRoom);
  });

  test('is not gone on with when the size is another', async () => {
    const inbox = await restart(await temporaryFolder());
    await keep(inbox, '01234');
    expect((await inbox.createPartial({ ...WANTED, size: 11 })).offset).toBe(0);
  });
});

test.each([
  ['without an identity', { size: 10 }, '01234'],
  ['without a byte', WANTED, ''],
])('nothing is kept %s', async (_, wanted, text) => {
  const folder = await temporaryFolder();
  const partial = await (await restart(folder)).createPartial(wanted);
  await partial.write(Buffer.from(text));
  await partial.keep();
  await partial.discard();
  expect(await partialsIn(folder)).toEqual([]);
});

test('a journal does not repeat the identity, and tells of the file', async () => {
  const folder = await temporaryFolder();
  await keep(await restart(folder, { now: () => 0 }), '01234', {
    ...WANTED,
    name: 'n'.repeat(5000),
  });
  expect(JSON.parse(await readFile(await pathOf(folder, '.json'), 'utf8'))).toEqual({
    identity: sha256(WANTED.identity).toString('hex'),
    name: 'n'.repeat(1024),
    size: 10,
    durable: 5,
    sha256: sha256('01234').toString('hex'),
    started: '1970-01-01T00:00:00.000Z',
    updated: '1970-01-01T00:00:00.000Z',
  });
});

test('what is left over goes when the inbox is opened, and what is not ours stays', async () => {
  const folder = await temporaryFolder();
  await keep(await restart(folder), '01234');
  const [part = ''] = await partialsIn(folder, '.part');
  const staging = join(folder, '.inband');
  const id = '01234567-89ab-cdef-0123-456789abcdef';
  for (const extension of ['part', 'tmp']) await writeFile(join(staging, `${id}.${extension}`), '');
  await writeFile(join(staging, `${id.replace('0', 'f')}.json`), '{}');
  await fs.mkdir(join(staging, `${id}.lock`));
  await writeFile(join(staging, 'note.txt'), '');
  await restart(folder);
  const expected = ['lock', 'note.txt', part, part.replace('.part', '.json')];
  expect((await readdir(staging)).sort()).toEqual(expected.sort());
});

describe('syncing', () => {
  const BLOCK = Buffer.alloc(MIB, 'x');
  const BIG = { identity: 'big', size: 64 * MIB };

  test('comes after 4 MiB, so that a process that is killed then loses no more', async () => {
    const folder = await temporaryFolder();
    let journals = 0;
    let written = () => {};
    const done = new Promise<void>((resolve) => {
      written = resolve;
    });
    const files = tappedFiles(async ({ operation, args: [, to] }, run) => {
      const result = await run();
      if (operation === 'rename' && String(to).endsWith('.json') && ++journals === 1) written();
      return result;
    });
    const partial = await (await restart(folder, { files, now: () => 0 })).createPartial(BIG);
    for (let count = 0; count < 3; count++) await partial.write(BLOCK);
    expect(journals).toBe(0);
    await partial.write(BLOCK);
    await done;
    expect((await (await restart(folder, { now: () => 0 })).createPartial(BIG)).offset).toBe(
      4 * MIB,
    );
  });

  test('comes after 2 s of writing', async () => {
    const folder = await temporaryFolder();
    let [now, syncs] = [0, 0];
    const files = tappedFiles(({ operation }, run) => {
      if (operation === 'handle.datasync') syncs += 1;
      return run();
    });
    const partial = await (await restart(folder, { files, now: () => now })).createPartial(BIG);
    now = 1999;
    await partial.write(Buffer.from('a'));
    expect(syncs).toBe(0);
    now = 2000;
    await partial.write(Buffer.from('b'));
    await partial.keep();
    expect(syncs).toBe(2); // the second is that of keep
  });

  test('does not hold writing up until the disk is 16 MiB behind', async () => {
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const files = tappedFiles(async ({ operation }, run) => {
      if (operation === 'handle.datasync') await held;
      return run();
    });
    const inbox = await restart(await temporaryFolder(), { files });
    const partial = await inbox.createPartial(BIG);
    let written = 0;
    for (; written < 15; written++) await partial.write(BLOCK);
    const more = [partial.write(BLOCK), partial.write(BLOCK)].map((one) =>
      one.then(() => ++written),
    );
    // The other partial gets its turn at the disk, if not at the sync.
    const other = await inbox.createPartial({ identity: 'other' });
    for (let count = 0; count < 15; count++) await other.write(BLOCK);
    expect(written).toBe(15);
    go();
    await Promise.all(more);
    expect(written).toBe(17);
    await partial.keep();
    expect((await inbox.createPartial(BIG)).offset).toBe(17 * MIB);
  });

  test('that fails ends the partial, and what was synced before is kept', async () => {
    const folder = await temporaryFolder();
    let syncs = 0;
    let now = 0;
    const files = failingFiles('handle.datasync', 'EIO', () => ++syncs === 2);
    const inbox = await restart(folder, { files, now: () => now });
    await keep(inbox, '01234');
    const partial = await inbox.createPartial(WANTED);
    now = 2000;
    await partial.write(Buffer.from('56'));
    await expect(partial.publish('a')).rejects.toThrow('EIO');
    await expect(partial.write(Buffer.from('7'))).rejects.toThrow('EIO');
    await partial.keep();
    expect(syncs).toBe(2);
    expect((await inbox.createPartial(WANTED)).offset).toBe(5);
  });
});

test('what is kept is told, and nothing is done to it (R530)', async () => {
  const folder = await temporaryFolder();
  const inbox = await restart(folder);
  await keep(inbox, 'hell');
  const before = await readdir(join(folder, '.inband'));
  expect(inbox.keptOf(WANTED)).toBe(4);
  expect(inbox.keptOf({ ...WANTED, size: 11 })).toBe(0);
  expect(inbox.keptOf({ name: 'a' })).toBe(0);
  expect(await readdir(join(folder, '.inband'))).toEqual(before);
  expect((await inbox.createPartial(WANTED)).offset).toBe(4);
});
