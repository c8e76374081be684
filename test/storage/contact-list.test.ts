import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ContactList } from '../../src/storage/contact-list.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-contacts-'));
  path = join(folder, 'new', 'contacts');
});
afterEach(() => rm(folder, { recursive: true }));

test('those who are kept are there, for their owner alone (R204)', async () => {
  const list = new ContactList(path);
  expect([await list.list(), await list.isOld()]).toEqual([[], true]);
  await list.keep(['juliet@example.org', 'nurse@example.org']);
  expect([await list.list(), await list.isOld()]).toEqual([
    ['juliet@example.org', 'nurse@example.org'],
    false,
  ]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'new'))).mode & 0o777).toBe(0o700);
});

test('what a shell or a terminal would take for something else is not kept, nor read (R204)', async () => {
  const list = new ContactList(path);
  await list.keep(['a\n:files@example.org', 'a\u001b[2J@example.org', 'juliet@example.org']);
  expect(await list.list()).toEqual(['juliet@example.org']);
  await writeFile(path, 'a b@example.org\njuliet@example.org\nhalf a li');
  expect(await list.list()).toEqual(['juliet@example.org']);
});

test('no more is kept, or read, than 256 KiB (R204)', async () => {
  const list = new ContactList(path);
  const jids = Array.from({ length: 1000 }, (_, index) => `${'a'.repeat(995)}${index + 1000}@b`);
  await list.keep(jids);
  expect((await list.list()).length).toBe(261);
  await writeFile(path, `${jids.join('\n')}\n`);
  expect((await list.list()).length).toBe(261);
});

test('a list is old after a day (R204)', async () => {
  const list = new ContactList(path);
  await list.keep(['juliet@example.org']);
  const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
  await utimes(path, yesterday, yesterday);
  expect(await list.isOld()).toBe(true);
});

test('a folder in its place is an empty list (R204)', async () => {
  await mkdir(path, { recursive: true });
  expect(await new ContactList(path).list()).toEqual([]);
});
