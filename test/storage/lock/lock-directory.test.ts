import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { namesIn } from '../../../src/storage/lock/lock-directory.js';
import { fileError, tappedFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

test('a lock that is released while it is read is empty, without /proc too (R1348)', async () => {
  const lock = join(await temporaryFolder(), 'lock');
  await mkdir(lock);
  const files = tappedFiles(async ({ operation, args }, run) => {
    if (operation === 'stat' && String(args[0]).startsWith('/proc/')) throw fileError('ENOENT');
    if (operation === 'readdir') await rmdir(lock);
    return run();
  });
  expect(await namesIn(files, lock)).toEqual({ holders: [], strays: [] });
});
