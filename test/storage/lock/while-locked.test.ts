import * as files from 'node:fs/promises';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type Locking, lockFolder } from '../../../src/storage/lock/folder-lock.js';
import { whileLocked } from '../../../src/storage/lock/while-locked.js';
import { FolderInUse } from '../../../src/transfer/inbox-errors.js';
import { ManualClock } from '../../support/manual-clock.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();
const never = async () => {
  throw new Error('it was done');
};

test('a lock that somebody else has is told of by its path and its process, once, and waited for (R1283)', async () => {
  const folder = await temporaryFolder();
  const told: string[] = [];
  let waiting: Promise<string> | undefined;
  await whileLocked(folder, async () => {
    await new Promise<void>((resolve) => {
      const warn = (text: string) => {
        told.push(text);
        resolve();
      };
      waiting = whileLocked(folder, async () => 'done', { warn });
    });
  });
  expect(await waiting).toBe('done');
  expect(told).toEqual([
    `${folder} is in use by another inband (process ${process.pid}); waiting up to 10 s until it is free`,
  ]);
});

test('a lock is waited for no longer than until the signal, and nothing is done then (R1282)', async () => {
  const folder = await temporaryFolder();
  const interrupt = new AbortController();
  const why = new Error('interrupted');
  await whileLocked(folder, async () => {
    const before = await readdir(folder, { recursive: true });
    const warn = () => interrupt.abort(why);
    const waiting = whileLocked(folder, never, { warn, signal: interrupt.signal });
    await expect(waiting).rejects.toBe(why);
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });
});

test('a lock that is free is not taken after the signal (R1282)', async () => {
  const folder = await temporaryFolder();
  const why = new Error('interrupted');
  await expect(whileLocked(folder, never, { signal: AbortSignal.abort(why) })).rejects.toBe(why);
  expect(await readdir(folder)).toEqual([]);
});

test('what has begun under the lock is done to its end, whatever the signal (R1282)', async () => {
  const folder = await temporaryFolder();
  const interrupt = new AbortController();
  const job = async () => {
    interrupt.abort(new Error('interrupted'));
    return readdir(folder);
  };
  expect(await whileLocked(folder, job, { signal: interrupt.signal })).toEqual(['lock']);
  expect(await readdir(folder)).toEqual([]);
});

describe('a lock of somebody in another container, or on another host', () => {
  const at = (place: string, clock = new ManualClock()): Locking => ({
    ...{ files, now: () => clock.now(), sleep: (ms, signal) => clock.sleep(ms, signal) },
    processes: { pid: 7, startOf: async () => 'monday', place: async () => place },
  });

  /** Has a folder locked there, by one whose heart stands still, and waits for it here. */
  async function waiting(job: () => Promise<string>) {
    const folder = await temporaryFolder();
    await lockFolder(folder, at('elsewhere'));
    const clock = new ManualClock();
    const told: string[] = [];
    const warn = (text: string) => told.push(text);
    const outcome = whileLocked(folder, job, { warn }, at('here', clock));
    outcome.catch(() => undefined);
    const beat = async () => {
      for (const name of await readdir(join(folder, 'lock')))
        await utimes(join(folder, 'lock', name), new Date(), new Date(2_000_000_000_000));
    };
    return { folder, clock, told, outcome, beat };
  }

  const sleeping = async (clock: ManualClock, count: number) => {
    const patience = AbortSignal.timeout(20_000);
    while (clock.sleepers !== count) await turn(undefined, { signal: patience });
  };

  test('is waited for 10 s, though who has it lives (R1308)', async () => {
    const { folder, clock, told, outcome, beat } = await waiting(never);
    await sleeping(clock, 3); // until a person is told, until it is too late, and for a sign of life
    await beat();
    await clock.advance(1_000);
    await sleeping(clock, 2);
    await clock.advance(50);
    await sleeping(clock, 2); // for another sign of life
    await clock.advance(8_950);
    await expect(outcome).rejects.toThrow(FolderInUse);
    const who = 'process 7 in another container or on another host';
    expect(told).toEqual([
      expect.stringContaining('waiting up to 30 s for a sign of life'),
      `${folder} is in use by another inband (${who}); waiting up to 10 s until it is free`,
    ]);
    expect(clock.sleepers).toBe(0);
  });

  test('is refused where the first sign of life comes later than that (R1308)', async () => {
    const { clock, told, outcome, beat } = await waiting(never);
    await sleeping(clock, 3);
    await clock.advance(12_000);
    await sleeping(clock, 1);
    await beat();
    await clock.advance(1_000);
    await expect(outcome).rejects.toThrow(FolderInUse);
    expect(told).toEqual([expect.stringContaining('waiting up to 30 s for a sign of life')]);
  });

  test('is taken where there was no sign of life for 30 s (R1308)', async () => {
    const { clock, outcome } = await waiting(async () => 'done');
    let isOver = false;
    const over = outcome.finally(() => {
      isOver = true;
    });
    while (!isOver) await clock.advance(1_000);
    expect(await over).toBe('done');
    expect(clock.now()).toBeGreaterThanOrEqual(30_000);
  });
});
