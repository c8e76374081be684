import { createHash, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import * as files from 'node:fs/promises';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { isAlive, type Locking, lockFolder } from '../../../src/storage/lock/folder-lock.js';
import { FolderInUse } from '../../../src/transfer/inbox-errors.js';
import { SteppedClock } from '../../support/stepped-clock.js';
import { failingFiles, tappedFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

/** When each living process started; tells the story from the view of one of them. */
const alive = new Map([
  [1, 'monday'],
  [2, 'tuesday'],
]);
const as = (pid: number, starts = alive, place = 'here'): Locking => ({
  files,
  processes: {
    pid,
    startOf: async (other: number) => starts.get(other),
    place: async () => place,
  },
  now: () => clock.now(),
  sleep: (ms, signal) => clock.sleep(ms, signal),
});

let clock: SteppedClock;
/** A holder's heart has a clock of its own. */
let heart: SteppedClock;
beforeEach(() => {
  clock = new SteppedClock();
  heart = new SteppedClock();
});

const withHeart = (locking: Locking): Locking => ({
  ...locking,
  now: () => heart.now(),
  sleep: (ms, signal) => heart.sleep(ms, signal),
});
const beats = async () => {
  await heart.step(5_000);
  await heart.next(5_000); // by then it has
};
const listen = async (seconds: number) => {
  for (let second = 0; second < seconds; second += 1) await clock.step(1_000);
};

test('one that lives keeps others out, and names itself; when it has unlocked, the next may', async () => {
  const folder = await temporaryFolder();
  const lock = await lockFolder(folder, as(1));
  await expect(lockFolder(folder, as(2))).rejects.toMatchObject({
    name: 'FolderInUse',
    pid: 1,
  });
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
  await lockFolder(folder, as(2));
});

test('the same process does not get it twice', async () => {
  const folder = await temporaryFolder();
  await lockFolder(folder, as(1));
  await expect(lockFolder(folder, as(1))).rejects.toThrow(FolderInUse);
});

test.each([
  ['that has ended', undefined],
  ['whose id another process has now', 'wednesday'],
])('the lock of a process %s is taken over', async (_, start) => {
  const folder = await temporaryFolder();
  await lockFolder(folder, as(1));
  const later = new Map([[2, 'tuesday'], ...(start ? ([[1, start]] as const) : [])]);
  const lock = await lockFolder(folder, as(2, later));
  expect(await readdir(join(folder, 'lock'))).toEqual([expect.stringMatching(/^2-/)]);
  await lock.release();
});

test('of many at once one gets it, whatever a dead one has left (R43)', async () => {
  const starts = new Map(Array.from({ length: 8 }, (_, index) => [index + 2, 'now']));
  for (let round = 0; round < 100; round++) {
    const folder = await temporaryFolder();
    await lockFolder(folder, as(1));
    const pids = [...starts.keys()];
    const tries = pids.map((pid) => lockFolder(folder, as(pid, starts)));
    const ends = await Promise.allSettled(tries);
    const winner = pids[ends.findIndex(({ status }) => status === 'fulfilled')];
    const losers = ends.filter((end) => end.status === 'rejected');
    expect(losers).toHaveLength(7);
    for (const { reason } of losers) expect(reason).toMatchObject({ pid: winner });
    expect(await readdir(folder)).toEqual(['lock']);
  }
});

test('an attempt that the holder takes for left over is made again', async () => {
  const folder = await temporaryFolder();
  let removed = 0;
  const sweeping = tappedFiles(async ({ operation, args: [path] }, run) => {
    if (operation === 'rename' && removed++ === 0)
      await files.rm(String(path), { recursive: true });
    return run();
  });
  await lockFolder(folder, { ...as(1), files: sweeping });
  expect(removed).toBe(2);
  await expect(lockFolder(folder, as(2))).rejects.toThrow(FolderInUse);
});

test('an attempt that was emptied before it took the place is none', async () => {
  const folder = await temporaryFolder();
  let emptied = 0;
  const sweeping = tappedFiles(async ({ operation, args: [path] }, run) => {
    if (operation === 'rename' && emptied++ === 0) {
      const [holder = ''] = await readdir(String(path));
      await files.rm(join(String(path), holder));
    }
    return run();
  });
  await lockFolder(folder, { ...as(1), files: sweeping });
  await expect(lockFolder(folder, as(2))).rejects.toThrow(FolderInUse);
});

test('what is no holder in the lock is left there, and the lock is refused (R1314)', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'lock'));
  await writeFile(join(folder, 'lock', 'stray'), '');
  await expect(lockFolder(folder, as(1))).rejects.toMatchObject({
    name: 'NoFileOfOurs',
    message: `${join(folder, 'lock', 'stray')} is no lock of inband`,
  });
  expect(await readdir(folder)).toEqual(['lock']);
  expect(await readdir(join(folder, 'lock'))).toEqual(['stray']);
});

test('what a disk over the network has left of a holder keeps nobody out (R1314)', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'lock'));
  await writeFile(join(folder, 'lock', '.nfs00000000004c29a500000003'), '');
  await lockFolder(folder, as(1));
  expect(await readdir(join(folder, 'lock'))).toEqual([expect.stringMatching(/^1-/)]);
});

/** As a holder that has ended has it. */
const DEAD = `9-${'0'.repeat(16)}-${randomUUID()}`;

describe('where something else is in the place of the lock (R1314)', () => {
  test.each(['absolute', 'relative'])(
    'a link, %s, is refused, and what it leads to stays',
    async (form) => {
      const [folder, victim] = [await temporaryFolder(), await temporaryFolder()];
      await writeFile(join(victim, 'b.txt'), '');
      await writeFile(join(victim, DEAD), '');
      const target = form === 'absolute' ? victim : relative(folder, victim);
      await symlink(target, join(folder, 'lock'));
      const no = { name: 'NoFileOfOurs', message: `${join(folder, 'lock')} is no lock of inband` };
      await expect(lockFolder(folder, as(1))).rejects.toMatchObject(no);
      await expect(isAlive(folder, as(1), new AbortController().signal)).rejects.toMatchObject(no);
      expect((await readdir(victim)).sort()).toEqual([DEAD, 'b.txt']);
      expect(await readdir(folder)).toEqual(['lock']);
    },
  );

  test('a file is refused, and stays', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'lock'), '');
    await expect(lockFolder(folder, as(1))).rejects.toThrow(`${join(folder, 'lock')} is no lock`);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  test.each(['open', 'readdir', 'rm', 'rmdir', 'mkdir', 'rename', 'lstat'])(
    'a link that takes its place before any "%s" leads to the loss of nothing',
    async (operation) => {
      for (let at = 1, calls = at; at <= calls; at += 1) {
        const [folder, victim] = [await temporaryFolder(), await temporaryFolder()];
        // Elsewhere nothing leads to a folder that is held open but its path.
        const names = process.platform === 'linux' ? [DEAD, 'b.txt'] : ['b.txt'];
        for (const name of names) await writeFile(join(victim, name), '');
        await mkdir(join(folder, 'lock'));
        await writeFile(join(folder, 'lock', DEAD), '');
        calls = 0;
        const swapping = tappedFiles(async (call, run) => {
          if (call.operation === operation && ++calls === at) {
            await files.rename(join(folder, 'lock'), join(folder, 'moved')).catch(() => undefined);
            await symlink(victim, join(folder, 'lock')).catch(() => undefined);
          }
          return run();
        });
        await lockFolder(folder, { ...as(1), files: swapping }).catch(() => undefined);
        expect((await readdir(victim)).sort()).toEqual(names);
        if (calls > 20) break;
      }
      expect.hasAssertions();
    },
  );
});

test('a folder that cannot be written to says so', async () => {
  const folder = await temporaryFolder();
  const locking = lockFolder(folder, { ...as(1), files: failingFiles('mkdir', 'EROFS') });
  await expect(locking).rejects.toThrow('EROFS');
});

describe('a holder in another container, or on another host', () => {
  const elsewhere = (pid: number): Locking =>
    withHeart(as(pid, new Map([[pid, 'monday']]), 'elsewhere'));

  test.each([
    ['whatever process is here', 7],
    ['though one of the same id and start is here', 1],
  ])('keeps others out while it gives signs of life, %s (R84)', async (_, pid) => {
    const folder = await temporaryFolder();
    const lock = await lockFolder(folder, elsewhere(pid));
    const warnings: string[] = [];
    const second = lockFolder(folder, as(2), { warn: (text) => warnings.push(text) });
    const refused = expect(second).rejects.toThrow(
      `${dirname(folder)} is in use by another inband (process ${pid} in another container or on another host)`,
    );
    await listen(29);
    await beats();
    await listen(1);
    await refused;
    expect(warnings).toEqual([
      `${dirname(folder)} is in use, or was, by an inband in another container, on another host, or before this machine was started; waiting up to 30 s for a sign of life`,
    ]);
    expect(await lock.isHeld()).toBe(true);
  });

  test('counts as left over when it has given none for 30 s, and not before (R84)', async () => {
    const folder = await temporaryFolder();
    await lockFolder(folder, elsewhere(7));
    const second = lockFolder(folder, as(2));
    await listen(29);
    await clock.next(1_000);
    expect(await readdir(join(folder, 'lock'))).toEqual([expect.stringMatching(/^7-/)]);
    await listen(1);
    expect(await (await second).isHeld()).toBe(true);
  });

  test('is waited for no longer than the user likes', async () => {
    const folder = await temporaryFolder();
    await lockFolder(folder, elsewhere(7));
    const interrupt = new AbortController();
    const second = lockFolder(folder, as(2), { signal: interrupt.signal });
    await clock.next(1_000);
    interrupt.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
  });

  test('that ends meanwhile lets the next one in at once', async () => {
    const folder = await temporaryFolder();
    const first = await lockFolder(folder, elsewhere(7));
    const second = lockFolder(folder, as(2));
    await clock.next(1_000);
    await first.release();
    await listen(1);
    expect(await (await second).isHeld()).toBe(true);
  });

  test('that was taken for dead, because its machine was asleep, hears of it when it wakes (R84)', async () => {
    const folder = await temporaryFolder();
    const taken = new EventEmitter();
    const onLost = (error: Error) => taken.emit('lost', error);
    const first = await lockFolder(folder, elsewhere(7), { onLost });
    const second = lockFolder(folder, as(2));
    await listen(30);
    await second;
    const lost = once(taken, 'lost');
    await heart.step(5_000);
    expect(await lost).toEqual([expect.objectContaining({ name: 'FolderInUse', pid: 2 })]);
    expect(await first.isHeld()).toBe(false);
  });
});

test('a lock of a version that did not say where it was is judged by its process', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'lock'));
  const started = createHash('sha256').update('monday').digest('hex').slice(0, 16);
  await writeFile(join(folder, 'lock', `1-${started}-${randomUUID()}`), '');
  await expect(lockFolder(folder, as(2))).rejects.toMatchObject({ pid: 1 });
  await lockFolder(folder, as(2, new Map([[2, 'tuesday']])));
});

describe('whether somebody has the folder and lives (R761)', () => {
  const never = new AbortController().signal;

  test('is so as soon as there is a sign of life', async () => {
    const folder = await temporaryFolder();
    await lockFolder(folder, withHeart(as(1)));
    const asked = isAlive(folder, as(2), never);
    await listen(1);
    await beats();
    await listen(1);
    expect(await asked).toBe(true);
  });

  test('is not so where its process runs, and gives none for 30 s', async () => {
    const folder = await temporaryFolder();
    await lockFolder(folder, withHeart(as(1)));
    const asked = isAlive(folder, as(2), never);
    await listen(30);
    expect(await asked).toBe(false);
  });

  test.each([
    [
      'has ended',
      async (folder: string) => void (await lockFolder(folder, as(9, new Map([[9, 'x']])))),
    ],
    ['has unlocked it', async (folder: string) => (await lockFolder(folder, as(1))).release()],
    ['was never there', async () => undefined],
  ])('is not so, without waiting, where it %s', async (_, before) => {
    const folder = await temporaryFolder();
    await before(folder);
    expect(await isAlive(folder, as(2), never)).toBe(false);
  });

  test('is asked for no longer than the user likes', async () => {
    const folder = await temporaryFolder();
    await lockFolder(folder, withHeart(as(1)));
    const interrupt = new AbortController();
    const asked = isAlive(folder, as(2), interrupt.signal);
    await clock.next(1_000);
    interrupt.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
});
