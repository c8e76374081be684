import type { Stats } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import {
  checkOwnDirectory,
  makeDirectories,
  makePrivateDirectory,
} from '../../src/storage/directories.js';
import { tappedFiles } from './tapped-files.js';
import { temporaryFolders } from './temporary-folder.js';

const temporaryFolder = temporaryFolders();

afterEach(() => {
  jest.restoreAllMocks();
});

/** As the file system, but another process makes `path` and what is above it right after the n-th call. */
function otherMakes(path: string, n: number) {
  let calls = 0;
  async function then<T>(operation: Promise<T>): Promise<T> {
    calls += 1;
    if (calls === n)
      await operation.catch(() => undefined).then(() => mkdir(path, { recursive: true }));
    return await operation;
  }
  const files = {
    mkdir: (...args: Parameters<typeof mkdir>) => then(mkdir(...args)),
    stat: (...args: Parameters<typeof stat>) => then(stat(...args)),
  } as Parameters<typeof makeDirectories>[0];
  return { files, calls: () => calls };
}

// A parent made between "no such directory" and the look at it was taken for one that lets nothing be made.
test.each(['a', 'a/b', 'a/b/c'])(
  'makes a/b/c while another process makes %s, at any moment',
  async (made) => {
    for (let n = 1, calls = n; n <= calls; n++) {
      const root = await temporaryFolder();
      const other = otherMakes(join(root, made), n);
      await makeDirectories(other.files, join(root, 'a/b/c'), 0o700);
      expect((await stat(join(root, 'a/b/c'))).isDirectory()).toBe(true);
      calls = other.calls();
    }
    expect.hasAssertions();
  },
);

test('tells which it has made', async () => {
  const root = await temporaryFolder();
  const paths = ['a', 'a/b', 'a/b/c'].map((path) => join(root, path));
  expect(await makeDirectories({ mkdir, stat }, join(root, 'a'), 0o700)).toEqual([paths[0]]);
  expect(await makeDirectories({ mkdir, stat }, join(root, 'a/b/c'), 0o700)).toEqual(
    paths.slice(1),
  );
  expect(await makeDirectories({ mkdir, stat }, join(root, 'a/b/c'), 0o700)).toEqual([]);
});

test('whose a folder is shows also while another process removes there what looks left over (R1315)', async () => {
  const path = await temporaryFolder();
  const files = tappedFiles(async ({ operation, args }, run) => {
    const result = await run();
    if (/stat$/.test(operation)) return Object.assign(result as Stats, { uid: 4_242 });
    if (dirname(String(args[0])) === path)
      await rm(String(args[0]), { recursive: true, force: true });
    return result;
  });
  expect(await makePrivateDirectory(files, path)).toBe(true);
  expect(await readdir(path)).toEqual([]);
});

test("root's folder serves whoever may write into it (R1349)", async () => {
  const path = await temporaryFolder();
  jest.spyOn(process as Required<NodeJS.Process>, 'geteuid').mockReturnValue(1_000);
  const folderOf = (uid: number) =>
    tappedFiles(async ({ operation }, run) => {
      const result = await run();
      if (!/stat$/.test(operation)) return result;
      return Object.assign(result as Stats, { uid: operation === 'stat' ? uid : 1_000 });
    });
  await checkOwnDirectory(folderOf(0), path);
  await expect(checkOwnDirectory(folderOf(1_001), path)).rejects.toThrow('another user');
  expect(await readdir(path)).toEqual([]);
});
