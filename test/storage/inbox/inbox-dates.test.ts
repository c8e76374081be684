import * as fs from 'node:fs/promises';
import { readFile, stat } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import type { Files } from '../../../src/storage/files.js';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import { systemProcesses } from '../../../src/storage/lock/processes.js';
import { failingFiles, fileError, tappedFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

const NOW = Date.now();
const LONG_AGO = new Date('2001-02-03T04:05:06.789Z');

async function published(date: Date, files: Files = fs): Promise<string> {
  const system = { files, processes: systemProcesses, now: () => NOW };
  const inbox = await openInbox(await temporaryFolder(), {}, system);
  const partial = await inbox.createPartial();
  await partial.write(Buffer.from('letter'));
  return await partial.publish('a.txt', { date });
}

const modified = async (path: string) => (await stat(path)).mtime.getTime();

test.each([
  ['2001', LONG_AGO.getTime(), LONG_AGO.getTime()],
  ['the very start of 1970', 0, 0],
  ['tomorrow', NOW + 86_400_000, NOW],
  ['the year 9999', Date.parse('9999-12-31T23:59:59Z'), NOW],
])('a file of %s has its date, at most now (R72)', async (_when, offered, kept) => {
  expect(await modified(await published(new Date(offered)))).toBe(kept);
});

test.each([
  ['before 1970', -1],
  ['of the year 1', Date.parse('0001-01-01T00:00:00Z')],
  ['that is none', Number.NaN],
])('a date %s is left aside (R72)', async (_what, offered) => {
  const before = Date.now();
  // The clocks of file systems are coarse.
  expect(await modified(await published(new Date(offered)))).toBeGreaterThan(before - 1000);
});

test.each(['EPERM', 'EROFS', 'EINVAL', 'ENOSYS', 'EIO'])(
  'a disk that takes no dates (%s) has the file all the same (R72)',
  async (code) => {
    const path = await published(LONG_AGO, failingFiles('handle.utimes', code));
    expect(await readFile(path, 'utf8')).toBe('letter');
  },
);

test.each([
  ['link', true],
  ['rename', false],
])('the date is on disk before the name is there, by %s (R72)', async (naming, hasLinks) => {
  const calls: string[] = [];
  const files = tappedFiles(({ operation }, run) => {
    calls.push(operation);
    return operation === 'link' && !hasLinks ? Promise.reject(fileError('EPERM')) : run();
  });
  expect(await modified(await published(LONG_AGO, files))).toBe(LONG_AGO.getTime());
  const dated = calls.indexOf('handle.utimes');
  const synced = calls.indexOf('handle.sync', dated);
  expect(dated).toBeGreaterThan(calls.lastIndexOf('handle.write'));
  expect(synced).toBeGreaterThan(dated);
  expect(calls.indexOf('link')).toBeGreaterThan(synced);
  expect(calls.lastIndexOf(naming)).toBeGreaterThan(synced);
});
