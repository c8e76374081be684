import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { digest } from '../../src/protocol/bob/content-id.js';
import { BlobFolder } from '../../src/storage/blobs/blob-folder.js';
import { ContactList } from '../../src/storage/contact-list.js';
import { KeyFolder } from '../../src/storage/keys/key-folder.js';
import { KeysUnusable } from '../../src/storage/keys/keys-unusable.js';
import {
  NoFileOfOurs,
  openOwn,
  readOwn,
  removeOwn,
  unlessFolder,
  writeOwn,
} from '../../src/storage/own-file.js';
import { temporaryFolders } from './temporary-folder.js';

const temporaryFolder = temporaryFolders();

const JULIET = 'juliet@capulet.example';

/** What may be in the place of a file of ours. Whoever opened the pipe as a file would wait for ever. */
const OTHERS: [string, (path: string) => unknown, words: string][] = [
  ['a pipe', (path) => execFileSync('mkfifo', [path]), 'is no file of inband'],
  ['a folder', (path) => mkdir(path), 'is a folder'],
  ['a link', (path) => symlink('/etc/hostname', path), 'is no file of inband'],
  ['a link to nothing', (path) => symlink('/none', path), 'is no file of inband'],
];

describe.each(OTHERS)('%s', (_what, put, words) => {
  test('is no file of ours, and told as what it is (R801, R1336)', async () => {
    const path = join(await temporaryFolder(), 'file');
    await put(path);
    await expect(openOwn(path)).rejects.toThrow(NoFileOfOurs);
    await expect(readOwn(path)).rejects.toThrow(`${path} ${words}`);
  });

  test.each([true, false])(
    'is no file of keys, nor a damaged one, secret: %s (R801, R1336)',
    async (isSecret) => {
      const folder = new KeyFolder(await temporaryFolder(), { isSecret });
      await put(folder.pathOf(JULIET));
      await expect(folder.read(JULIET)).rejects.toThrow(KeysUnusable);
      await expect(folder.readAll()).rejects.toThrow(`${folder.pathOf(JULIET)} ${words}`);
    },
  );

  test('is no list of contacts (R801)', async () => {
    const path = join(await temporaryFolder(), 'contacts');
    await put(path);
    expect(await new ContactList(path).list()).toEqual([]);
  });

  test.each(['', '.json'])('is no blob, nor what is said of one: %p (R801)', async (ending) => {
    const root = await temporaryFolder();
    const folder = new BlobFolder(root, { digest, now: Date.now });
    const bytes = Buffer.from('hello');
    const id = { algorithm: 'sha-256', hash: digest('sha-256', bytes) };
    const path = join(root, id.algorithm, id.hash.slice(0, 2), id.hash);
    await mkdir(dirname(path), { recursive: true });
    await put(path + ending);
    if (ending) await writeFile(path, bytes);
    expect(await folder.list()).toEqual([]);
    // What is damaged is removed, but for a folder with who knows what in it.
    const outcome = await folder.get(id).catch((error: Error) => error.message);
    expect([undefined, `${path}${ending} ${words}`]).toContain(outcome);
  });
});

describe('a folder with something in it', () => {
  async function inPlaceOf(path: string): Promise<void> {
    await mkdir(join(path, 'below'), { recursive: true });
  }

  test('is neither replaced nor removed where a file of ours is to be (R866)', async () => {
    const path = join(await temporaryFolder(), 'file');
    await inPlaceOf(path);
    for (const work of [writeOwn(path, 'x'), removeOwn(path)]) {
      await expect(work).rejects.toThrow(`${path} is a folder`);
    }
    expect(await readdir(dirname(path))).toEqual(['file']);
    expect(await readdir(path)).toEqual(['below']);
  });

  test.each(['', '.json'])(
    '%p ends what would replace, remove or prune a blob (R866)',
    async (ending) => {
      const root = await temporaryFolder();
      let now = Date.now();
      const folder = new BlobFolder(root, {
        ...{ digest, now: () => now, limits: { entries: 1, bytes: 100 } },
      });
      const put = (text: string) => {
        const bytes = Buffer.from(text);
        const id = { algorithm: 'sha-256', hash: digest('sha-256', bytes) };
        return folder.put(id, { type: 'text/plain', bytes }).then(() => id);
      };
      const id = await put('hello');
      const path = join(root, id.algorithm, id.hash.slice(0, 2), `${id.hash}${ending}`);
      await rm(path);
      await inPlaceOf(path);
      const refused = { name: 'NoFileOfOurs', message: `${path} is a folder` };
      now += 2 * 60 * 60 * 1000;
      for (const work of [() => put('hello'), () => folder.prune()]) {
        await expect(work()).rejects.toMatchObject(refused);
      }
      if (!ending) await expect(folder.delete(id)).rejects.toMatchObject(refused);
      expect(await readdir(path)).toEqual(['below']);
      // Others are kept all the same.
      now += 1_000;
      const other = await put('others').catch(() => put('others'));
      expect((await folder.get(other))?.bytes.toString()).toBe('others');
    },
  );

  test('among keys ends what would replace or remove one, and nothing else (R866)', async () => {
    const folder = new KeyFolder(await temporaryFolder());
    await inPlaceOf(folder.pathOf(JULIET));
    await inPlaceOf(join(folder.path, 'left.tmp'));
    for (const text of ['{}', undefined]) {
      const writing = folder.locked(() => folder.write(JULIET, text));
      await expect(writing).rejects.toThrow(`${folder.pathOf(JULIET)} is a folder`);
    }
    await folder.locked(() => folder.write('romeo@montague.example', '{}'));
    expect(await readdir(folder.pathOf(JULIET))).toEqual(['below']);
  });
});

test('a file that is far too large is none of ours, and is not read (R801)', async () => {
  const path = join(await temporaryFolder(), 'file');
  await writeFile(path, 'hello');
  expect(String(await readOwn(path, { most: 5 }))).toBe('hello');
  await truncate(path, 2 ** 40);
  await expect(readOwn(path, { most: 5 })).rejects.toThrow(NoFileOfOurs);
});

test('what is not there is nothing (R801)', async () => {
  const path = join(await temporaryFolder(), 'file');
  expect(await readOwn(path)).toBeUndefined();
  await writeFile(path, '');
  expect(await readOwn(join(path, 'below'))).toBeUndefined();
});

test('what may not be removed is told from a folder, where the system has one word for both (R866)', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'file');
  await writeFile(path, '');
  const removal = () =>
    Promise.reject(Object.assign(new Error('not permitted'), { code: 'EPERM' }));
  await expect(unlessFolder(folder, removal())).rejects.toThrow(NoFileOfOurs);
  await expect(unlessFolder(path, removal())).rejects.toThrow('not permitted');
});
