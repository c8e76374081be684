import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { chmod, chown, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { saveFile } from '../../src/storage/save-file.js';
import { failingFiles, tappedFiles } from './tapped-files.js';
import { temporaryFolders } from './temporary-folder.js';

const temporaryFolder = temporaryFolders();

const never = new AbortController().signal;
const BYTES = Buffer.from('new');

const mode = async (path: string) => (await stat(path)).mode & 0o777;

test('a new file is private, and one that is replaced keeps its mode', async () => {
  const path = join(await temporaryFolder(), 'a');
  expect(await saveFile(BYTES, { over: path })).toBe(path);
  expect(await mode(path)).toBe(0o600);
  for (const kept of [0o644, 0o755, 0o640]) {
    await writeFile(path, 'old');
    await chmod(path, kept);
    await saveFile(BYTES, { over: path });
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await mode(path)).toBe(kept);
  }
});

test('a symlink stays one, and the file that it leads to is replaced', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'target'), 'old', { mode: 0o644 });
  await symlink('target', join(folder, 'link'));
  await saveFile(BYTES, { over: join(folder, 'link') });
  expect(await fs.readlink(join(folder, 'link'))).toBe('target');
  expect(await readFile(join(folder, 'target'), 'utf8')).toBe('new');
  expect((await readdir(folder)).sort()).toEqual(['link', 'target']);
});

test.each(['chmod', 'rename'])(
  'a file whose %s fails stays as it was, alone',
  async (operation) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a'), 'old');
    const files = failingFiles(operation, 'EIO') as typeof fs;
    await expect(saveFile(BYTES, { over: join(folder, 'a') }, never, files)).rejects.toThrow('EIO');
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a']);
  },
);

test.each([
  ['the file to be written', { over: 'a' }, 'a'],
  ['the file to be replaced', { over: 'old' }, 'old'],
  ['the file in a folder', { name: 'b' }, 'b'],
])('an error names %s, and no other (R778)', async (_, where, name) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'old'), 'old');
  const files = tappedFiles(async ({ operation, args: [path] }, run) => {
    if (operation !== 'open' || !`${path}`.endsWith('.tmp')) return run();
    const text = `EACCES: permission denied, open '${path}'`;
    throw Object.assign(new Error(text), { code: 'EACCES', syscall: 'open', path });
  }) as typeof fs;
  const place = 'over' in where ? { over: join(folder, name) } : { name, folder };
  await expect(saveFile(BYTES, place, never, files)).rejects.toMatchObject({
    ...{ code: 'EACCES', syscall: 'open', path: join(folder, name) },
    message: `EACCES: permission denied, open '${join(folder, name)}'`,
  });
});

test('what is there under the same name with the same bytes is not written again (R780)', async () => {
  const folder = await temporaryFolder();
  const path = await saveFile(BYTES, { name: 'a', folder });
  expect(await saveFile(BYTES, { name: 'a', folder })).toBe(path);
  expect(await saveFile(Buffer.from('old'), { name: 'a', folder })).toBe(join(folder, 'a (1)'));
  await symlink('a', join(folder, 'link'));
  expect(await saveFile(BYTES, { name: 'link', folder })).toBe(join(folder, 'link (1)'));
  expect((await readdir(folder)).sort()).toEqual(['a', 'a (1)', 'link', 'link (1)']);
});

test('under a name that cannot be given nothing is left behind', async () => {
  let temporary = '';
  const files = tappedFiles(async ({ operation, args: [from] }, run) => {
    if (operation !== 'link') return run();
    temporary = String(from);
    expect(await readFile(temporary, 'utf8')).toBe('new');
    throw Object.assign(new Error('by the test'), { code: 'EROFS' });
  }) as typeof fs;
  await expect(saveFile(BYTES, { name: 'a' }, never, files)).rejects.toMatchObject({
    code: 'EROFS',
  });
  expect(dirname(temporary)).toBe(process.cwd());
  await expect(stat(temporary)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('what is neither file nor folder is written to, and not made where it is gone (R1317)', async () => {
  const path = join(await temporaryFolder(), 'a');
  const files = tappedFiles(async ({ operation }, run) =>
    operation === 'stat' ? { isFIFO: () => false, isFile: () => false } : run(),
  ) as typeof fs;
  await expect(saveFile(BYTES, { over: path }, never, files)).rejects.toMatchObject({
    code: 'ENOENT',
  });
});

const SECRET = { what: 'key', isOne: () => true };
const asRoot = process.geteuid?.() === 0 ? test : test.skip;

asRoot('a secret goes into no pipe of another user, with a reader or without (R1351)', async () => {
  const path = join(await temporaryFolder(), 'a');
  execFileSync('mkfifo', [path]);
  await chown(path, 65_534, 65_534);
  const saving = () => saveFile(BYTES, { over: path, secret: SECRET }, AbortSignal.timeout(5_000));
  const refused = { name: 'NoFileOfOurs', message: `${path} belongs to another user` };
  await expect(saving()).rejects.toMatchObject(refused);
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    await expect(saving()).rejects.toMatchObject(refused);
    expect((await reader.read(Buffer.alloc(9))).bytesRead).toBe(0);
  } finally {
    await reader.close();
  }
});

asRoot('a secret goes into no device of another user (R1351)', async () => {
  const path = join(await temporaryFolder(), 'null');
  execFileSync('mknod', ['-m', '666', path, 'c', '1', '3']);
  expect(await saveFile(BYTES, { over: path, secret: SECRET })).toBe(path);
  await chown(path, 65_534, 65_534);
  await expect(saveFile(BYTES, { over: path, secret: SECRET })).rejects.toMatchObject({
    message: `${path} belongs to another user`,
  });
});

test.each(['a pipe', 'a device'])(
  'a file that is there by now, in the place of %s, stays as it is (R1351)',
  async (what) => {
    const path = join(await temporaryFolder(), 'a');
    await writeFile(path, 'kept');
    const there = { uid: process.geteuid?.(), isFIFO: () => what === 'a pipe' };
    const files = tappedFiles(async ({ operation }, run) =>
      operation === 'stat'
        ? { ...there, isFile: () => false, isCharacterDevice: () => what === 'a device' }
        : run(),
    ) as typeof fs;
    for (const secret of [SECRET, undefined]) {
      const where = secret ? { over: path, secret } : { over: path };
      await expect(saveFile(BYTES, where, never, files)).rejects.toMatchObject({
        ...{ name: 'NoFileOfOurs', message: `${path} is another file by now` },
      });
    }
    expect(await readFile(path, 'utf8')).toBe('kept');
  },
);
