import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  removeUnlessPutAgain,
  sidecarPath,
  writeWhole,
} from '../../../src/storage/blobs/blob-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

describe('a file written whole', () => {
  test('is never seen in parts, though it is replaced again and again', async () => {
    const path = join(await temporaryFolder(), 'a');
    const contents = ['a', 'b'].map((letter) => letter.repeat(60_000));
    await writeWhole(path, contents[0] ?? '', new Date());
    let writing = true;
    const reading = (async () => {
      while (writing) expect(contents).toContain(await readFile(path, 'utf8'));
    })();
    try {
      for (let count = 0; count < 100; count++) {
        await writeWhole(path, contents[count % 2] ?? '', new Date());
      }
    } finally {
      writing = false;
      await reading;
    }
  });

  test('is private and bears the time given', async () => {
    const path = join(await temporaryFolder(), 'a');
    const modified = new Date('2026-01-02T03:04:05Z');
    await writeWhole(path, 'text', modified);
    const { mode, mtime } = await stat(path);
    expect([mode & 0o777, mtime]).toEqual([0o600, modified]);
  });

  test('leaves nothing behind when it cannot have its name', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'a'));
    await expect(writeWhole(join(folder, 'a'), 'text', new Date())).rejects.toThrow('EISDIR');
    expect(await readdir(folder)).toEqual(['a']);
  });
});

describe('removing a blob that was judged', () => {
  async function blob(sidecar: string | undefined) {
    const folder = await temporaryFolder();
    const path = join(folder, 'abcd');
    await writeFile(path, 'data');
    if (sidecar !== undefined) await writeFile(sidecarPath(path), sidecar);
    return { folder, path };
  }

  test('removes data and sidecar', async () => {
    const { folder, path } = await blob('judged');
    await removeUnlessPutAgain(path, 'judged');
    expect(await readdir(folder)).toEqual([]);
  });

  test('removes data that has no sidecar', async () => {
    const { folder, path } = await blob(undefined);
    await removeUnlessPutAgain(path, undefined);
    expect(await readdir(folder)).toEqual([]);
  });

  test.each(['judged', undefined])(
    'puts both back when the sidecar is a newer one than %j',
    async (judged) => {
      const { folder, path } = await blob('newer');
      await removeUnlessPutAgain(path, judged);
      expect((await readdir(folder)).sort()).toEqual(['abcd', 'abcd.json']);
      expect(await readFile(path, 'utf8')).toBe('data');
      expect(await readFile(sidecarPath(path), 'utf8')).toBe('newer');
    },
  );

  test('puts the data back when another process has the sidecar in hand', async () => {
    const { folder, path } = await blob(undefined);
    await removeUnlessPutAgain(path, 'judged');
    expect(await readdir(folder)).toEqual(['abcd']);
  });

  test('finds nothing to do when another process was first', async () => {
    const folder = await temporaryFolder();
    await removeUnlessPutAgain(join(folder, 'abcd'), 'judged');
    expect(await readdir(folder)).toEqual([]);
  });
});
