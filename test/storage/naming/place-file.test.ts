import * as files from 'node:fs/promises';
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { placeFile } from '../../../src/storage/naming/place-file.js';
import { failingFiles, fileError, tappedFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

const failingLink = (code: string) => ({ files: failingFiles('link', code) });

async function fileToPlace(text: string): Promise<string> {
  const path = join(await temporaryFolder(), 'partial');
  await writeFile(path, text);
  return path;
}

describe('placing a file where there are no hard links', () => {
  test.each(['EPERM', 'EACCES', 'EISDIR', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
    'moves it when link fails with %s',
    async (code) => {
      const folder = await temporaryFolder();
      const from = await fileToPlace('new');
      const path = await placeFile(from, folder, 'a.txt', failingLink(code));
      expect(path).toBe(join(folder, 'a.txt'));
      expect(await readFile(path, 'utf8')).toBe('new');
      await expect(readFile(from)).rejects.toThrow('ENOENT');
    },
  );

  test('replaces neither a file, nor a folder, nor a dangling symlink', async () => {
    const folder = await temporaryFolder();
    const outside = join(await temporaryFolder(), 'target');
    await writeFile(join(folder, 'a.txt'), 'old');
    await mkdir(join(folder, 'a (1).txt'));
    await symlink(outside, join(folder, 'a (2).txt'));
    const from = await fileToPlace('new');
    const path = await placeFile(from, folder, 'a.txt', failingLink('EPERM'));
    expect(path).toBe(join(folder, 'a (3).txt'));
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('old');
    expect(await readdir(join(folder, 'a (1).txt'))).toEqual([]);
    expect(await readlink(join(folder, 'a (2).txt'))).toBe(outside);
    await expect(readFile(outside)).rejects.toThrow('ENOENT');
  });

  test('leaves no placeholder behind when the move fails', async () => {
    const folder = await temporaryFolder();
    const placed = placeFile(join(folder, 'absent'), folder, 'a.txt', failingLink('EPERM'));
    await expect(placed).rejects.toThrow('ENOENT');
    expect(await readdir(folder)).toEqual([]);
  });

  test('gives each of many at once a name of its own', async () => {
    const folder = await temporaryFolder();
    const texts = Array.from({ length: 8 }, (_, index) => `text ${index}`);
    const paths = await Promise.all(
      texts.map(async (text) =>
        placeFile(await fileToPlace(text), folder, 'a', failingLink('EPERM')),
      ),
    );
    expect(await Promise.all(paths.map((path) => readFile(path, 'utf8')))).toEqual(texts);
  });
});

test('any other failure to link is passed on, and nothing is placed', async () => {
  const folder = await temporaryFolder();
  const placed = placeFile(await fileToPlace('new'), folder, 'a.txt', failingLink('EROFS'));
  await expect(placed).rejects.toThrow('EROFS');
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  ['letters', `${'é'.repeat(125)}.jpeg`, `${'é'.repeat(123)} (1).jpeg`],
  ['emoji', '\u{1f600}'.repeat(63), `${'\u{1f600}'.repeat(62)} (1)`],
])('a taken name of 255 bytes, of %s, is cut for its number (R68)', async (_, name, next) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, name), 'old');
  const path = await placeFile(await fileToPlace('new'), folder, name, { files });
  expect(path).toBe(join(folder, next));
  expect(Buffer.byteLength(next)).toBeLessThanOrEqual(255);
});

describe('placing one more file of a name that many have', () => {
  /** A folder with `a`, `a (1)` and so on, up to `a (last)`. */
  function crowdedFolder(last: number) {
    const calls: string[] = [];
    const files = tappedFiles(async ({ operation, args }, run) => {
      const path = String(args[operation === 'link' ? 1 : 0]);
      const [, count = '0'] = / \((\d+)\)$/.exec(path) ?? [];
      calls.push(operation);
      if (Number(count) > last) return run();
      if (operation === 'link') throw fileError('EEXIST');
      return {};
    });
    return { files, calls };
  }

  test.each([1, 2, 7, 10_000, 200_000])(
    'takes few calls after number %d, and the next one (R92)',
    async (last) => {
      const folder = await temporaryFolder();
      const { files, calls } = crowdedFolder(last);
      const path = await placeFile(await fileToPlace('new'), folder, 'a', { files });
      expect(path).toBe(join(folder, `a (${last + 1})`));
      expect(await readFile(path, 'utf8')).toBe('new');
      expect(calls.length).toBeLessThan(42);
    },
  );

  test('takes few calls where the numbers were chosen to be in the way (R92)', async () => {
    let calls = 0;
    const isTaken = (path: string) => {
      const [, count] = / \((\d+)\)$/.exec(path) ?? [];
      return count === undefined || Number.isInteger(Math.log2(Number(count)));
    };
    const files = tappedFiles(async ({ operation, args }, run) => {
      calls += 1;
      if (!isTaken(String(args[operation === 'link' ? 1 : 0]))) return run();
      if (operation === 'link') throw fileError('EEXIST');
      return {};
    });
    const folder = await temporaryFolder();
    const path = await placeFile(await fileToPlace('new'), folder, 'a', { files });
    expect(path).toMatch(/ \(\d{13,15}\)$/);
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(calls).toBeLessThan(50);
  });
});
