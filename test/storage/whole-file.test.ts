import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { writeWhole } from '../../src/storage/whole-file.js';
import { temporaryFolders } from './temporary-folder.js';

const temporaryFolder = temporaryFolders();

describe('a file written whole', () => {
  test('is never seen in parts, though it is replaced again and again', async () => {
    const path = join(await temporaryFolder(), 'a');
    const contents = ['a', 'b'].map((letter) => letter.repeat(60_000));
    await writeWhole(path, contents[0] ?? '');
    let writing = true;
    const reading = (async () => {
      while (writing) expect(contents).toContain(await readFile(path, 'utf8'));
    })();
    try {
      for (let count = 0; count < 100; count++) {
        await writeWhole(path, contents[count % 2] ?? '');
      }
    } finally {
      writing = false;
      await reading;
    }
  });

  test('is private and bears the time given', async () => {
    const path = join(await temporaryFolder(), 'a');
    const modified = new Date('2026-01-02T03:04:05Z');
    await writeWhole(path, 'text', { modified });
    const { mode, mtime } = await stat(path);
    expect([mode & 0o777, mtime]).toEqual([0o600, modified]);
  });

  test('leaves nothing behind when it cannot have its name', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'a'));
    await expect(writeWhole(join(folder, 'a'), 'text')).rejects.toThrow('EISDIR');
    expect(await readdir(folder)).toEqual(['a']);
  });
});
