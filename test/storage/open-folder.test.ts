import * as fs from 'node:fs/promises';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { sentence } from '../../src/file-errors.js';
import type { Files } from '../../src/storage/files.js';
import { OpenFolder } from '../../src/storage/open-folder.js';
import { temporaryFolders } from './temporary-folder.js';

const createFolder = temporaryFolders();

/** A system without paths that lead through an open folder. */
const files = {
  ...fs,
  stat: async (path: string) => {
    if (path.startsWith('/proc/')) throw Object.assign(new Error('none'), { code: 'ENOENT' });
    return fs.stat(path);
  },
} as unknown as Files;

test('a folder in whose place another one is was replaced', async () => {
  const path = join(await createFolder(), 'photos');
  await mkdir(path);
  const folder = await OpenFolder.open(files, path);
  await folder?.check();
  await rename(path, `${path}.old`);
  await mkdir(path);
  await expect(folder?.check()).rejects.toThrow(`${path} was replaced while a file arrived`);
  await folder?.close();
});

test('an error of what is done in a folder names it by its path (R1350)', async () => {
  const path = await createFolder();
  const folder = await OpenFolder.open(fs, path);
  const failing = [
    fs.readdir(folder?.at('a') ?? ''),
    rename(folder?.at('a') ?? '', folder?.at('b') ?? ''),
  ];
  const told = failing.map((one) =>
    one.then(String, (error) => {
      const explained = folder?.explained(error) as Error;
      return [sentence(explained), explained.message];
    }),
  );
  const [readError, renameError] = await Promise.all(told);
  const none = 'no such file or directory';
  expect(readError).toEqual([
    `cannot read the folder ${path}/a: ${none}`,
    `ENOENT: ${none}, scandir '${path}/a'`,
  ]);
  expect(renameError).toEqual([
    `cannot rename ${path}/b: ${none}`,
    `ENOENT: ${none}, rename '${path}/a' -> '${path}/b'`,
  ]);
  await folder?.close();
});
