import * as fs from 'node:fs/promises';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
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
