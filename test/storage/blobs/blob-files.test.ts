import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  removeBlob,
  removeUnlessPutAgain,
  sidecarPath,
} from '../../../src/storage/blobs/blob-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

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

describe('removing a blob', () => {
  test('finds none below a file (R1061)', async () => {
    const path = join(await temporaryFolder(), 'ab');
    await writeFile(path, 'data');
    expect(await removeBlob(join(path, 'abcd'))).toBe(false);
  });

  test('tells one of several who do it at once that there was one (R1061)', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'abcd');
    await writeFile(path, 'data');
    await writeFile(sidecarPath(path), '{}');
    const told = await Promise.all([path, path, path].map(removeBlob));
    expect(told.filter(Boolean)).toHaveLength(1);
    expect(await readdir(folder)).toEqual([]);
  });
});
