import * as files from 'node:fs/promises';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { InboxInUse, lockFolder } from '../../src/storage/folder-lock.js';
import { failingFiles, tappedFiles } from './tapped-files.js';
import { temporaryFolders } from './temporary-folder.js';

const temporaryFolder = temporaryFolders();

/** When each living process started; tells the story from the view of one of them. */
const alive = new Map([
  [1, 'monday'],
  [2, 'tuesday'],
]);
const as = (pid: number, starts = alive) => ({
  pid,
  startOf: async (other: number) => starts.get(other),
});

test('one that lives keeps others out, and names itself; when it has unlocked, the next may', async () => {
  const folder = await temporaryFolder();
  const unlock = await lockFolder(files, folder, as(1));
  await expect(lockFolder(files, folder, as(2))).rejects.toMatchObject({
    name: 'InboxInUse',
    pid: 1,
  });
  await unlock();
  expect(await readdir(folder)).toEqual([]);
  await lockFolder(files, folder, as(2));
});

test('the same process does not get it twice', async () => {
  const folder = await temporaryFolder();
  await lockFolder(files, folder, as(1));
  await expect(lockFolder(files, folder, as(1))).rejects.toThrow(InboxInUse);
});

test.each([
  ['that has ended', undefined],
  ['whose id another process has now', 'wednesday'],
])('the lock of a process %s is taken over', async (_, start) => {
  const folder = await temporaryFolder();
  await lockFolder(files, folder, as(1));
  const later = new Map([[2, 'tuesday'], ...(start ? ([[1, start]] as const) : [])]);
  const unlock = await lockFolder(files, folder, as(2, later));
  expect(await readdir(join(folder, 'lock'))).toEqual([expect.stringMatching(/^2-/)]);
  await unlock();
});

test('of many at once one gets it, whatever a dead one has left (R43)', async () => {
  const starts = new Map(Array.from({ length: 8 }, (_, index) => [index + 2, 'now']));
  for (let round = 0; round < 100; round++) {
    const folder = await temporaryFolder();
    await lockFolder(files, folder, as(1));
    const pids = [...starts.keys()];
    const tries = pids.map((pid) => lockFolder(files, folder, as(pid, starts)));
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
  await lockFolder(sweeping, folder, as(1));
  expect(removed).toBe(2);
  await expect(lockFolder(files, folder, as(2))).rejects.toThrow(InboxInUse);
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
  await lockFolder(sweeping, folder, as(1));
  await expect(lockFolder(files, folder, as(2))).rejects.toThrow(InboxInUse);
});

test('what is no holder in the lock does not keep anybody out', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'lock'));
  await writeFile(join(folder, 'lock', 'stray'), '');
  await lockFolder(files, folder, as(1));
  expect(await readdir(join(folder, 'lock'))).toEqual([expect.stringMatching(/^1-/)]);
});

test('a folder that cannot be written to says so', async () => {
  const folder = await temporaryFolder();
  const locking = lockFolder(failingFiles('mkdir', 'EROFS'), folder, as(1));
  await expect(locking).rejects.toThrow('EROFS');
});
