import { readdir } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { whileLocked } from '../../../src/storage/lock/while-locked.js';
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
    `${folder} is in use by another inband (process ${process.pid}); waiting until it is free`,
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
