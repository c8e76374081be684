import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeDirectories } from '../../src/storage/directories.js';
import { temporaryFolders } from './temporary-folder.js';

const temporaryFolder = temporaryFolders();

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
