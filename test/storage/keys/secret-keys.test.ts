import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { KeyFolder } from '../../../src/storage/keys/key-folder.js';
import { KeysUnusable } from '../../../src/storage/keys/keys-unusable.js';
import { SecretKeyFiles } from '../../../src/storage/keys/secret-keys.js';
import { lockFolder } from '../../../src/storage/lock/folder-lock.js';
import { systemProcesses } from '../../../src/storage/lock/processes.js';
import { temporaryFolders } from '../temporary-folder.js';

const createFolder = temporaryFolders();
const ROMEO = 'romeo@montague.example';
const SECRET = Buffer.alloc(32, 1);
const OTHER = Buffer.alloc(32, 2);

const publicKeyOf = (secret: Uint8Array) => `public ${Buffer.from(secret).toString('hex')}`;
const textOf = (secret: Uint8Array) => `secret ${Buffer.from(secret).toString('hex')}`;
const never = () => {
  throw new Error('one is there');
};

/** What is in a file, and its mode. */
const keptIn = async (path = '') => [await readFile(path, 'utf8'), (await stat(path)).mode & 0o777];

/** With the public ones beside the folder. */
const keysIn = (folder: KeyFolder) =>
  new SecretKeyFiles(folder, publicKeyOf, new KeyFolder(join(folder.path, '../public')));

async function openKeys() {
  const path = join(await createFolder(), 'keys');
  const folder = new KeyFolder(path);
  return { path, file: folder.pathOf(ROMEO), keys: keysIn(folder) };
}

describe('the key of an own account', () => {
  test('is made when it is first needed, and the same from then on (R251)', async () => {
    const { keys, path, file } = await openKeys();
    expect(await keys.obtain(ROMEO, () => SECRET)).toEqual(SECRET);
    expect(await keys.obtain(ROMEO, never)).toEqual(SECRET);
    expect(await keysIn(new KeyFolder(path)).obtain(ROMEO, never)).toEqual(SECRET);
    expect([(await stat(file)).mode & 0o777, (await stat(path)).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
    expect(await readdir(path)).toHaveLength(1);
  });

  test('stays in a file of its own where another takes its place (R1237)', async () => {
    const { keys, path } = await openKeys();
    expect(await keys.replace(ROMEO, SECRET, textOf)).toEqual({ wasKnown: false });
    expect(await keys.replace(ROMEO, SECRET, textOf)).toEqual({ wasKnown: false });
    const { wasKnown, kept } = await keys.replace(ROMEO, OTHER, textOf);
    expect([wasKnown, kept?.isWhole]).toEqual([true, true]);
    expect(await keptIn(kept?.path)).toEqual([textOf(SECRET), 0o600]);
    expect(await keysIn(new KeyFolder(path)).obtain(ROMEO, never)).toEqual(OTHER);
    expect(await new KeyFolder(path).readAll()).toHaveLength(1);
  });

  test('that is gone is known to have been there, when another one is made (R1174)', async () => {
    const { keys, path, file } = await openKeys();
    const before: (string | undefined)[] = [];
    const obtain = (secret: Buffer) =>
      keysIn(new KeyFolder(path)).obtain(ROMEO, (last) => {
        before.push(last);
        return secret;
      });
    await obtain(SECRET);
    await obtain(OTHER);
    await fs.rm(file);
    await obtain(OTHER);
    await keys.replace(ROMEO, SECRET, textOf);
    await fs.rm(path, { recursive: true });
    await obtain(OTHER);
    expect(before).toEqual([undefined, publicKeyOf(SECRET), publicKeyOf(SECRET)]);
    await fs.rm(path, { recursive: true });
    await keys.obtain('juliet@capulet.example', (last) => {
      expect(last).toBeUndefined();
      return OTHER;
    });
  });

  test('is made once, whoever needs it at the same moment (R251)', async () => {
    const { path } = await openKeys();
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        keysIn(new KeyFolder(path)).obtain(ROMEO, () => Buffer.alloc(32, at)),
      ),
    );
    expect(new Set(made.map((one) => Buffer.from(one).toString('hex'))).size).toBe(1);
  });

  test('is left nowhere by a process that was killed while it wrote', async () => {
    const { keys, path } = await openKeys();
    await keys.obtain(ROMEO, () => SECRET);
    await writeFile(join(path, `${randomUUID()}.tmp`), 'half of a secret');
    await keys.replace(ROMEO, OTHER, textOf);
    expect((await readdir(path)).filter((name) => !name.endsWith('.key'))).toHaveLength(1);
  });

  test('is changed without the loss of what is none of ours beside it (R1316)', async () => {
    const { keys, path } = await openKeys();
    await keys.obtain(ROMEO, () => SECRET);
    await writeFile(join(path, 'notes.tmp'), 'mine');
    await keys.replace(ROMEO, OTHER, textOf);
    expect(await readdir(path)).toContain('notes.tmp');
  });

  test('is of one account', async () => {
    const { keys } = await openKeys();
    await keys.obtain(ROMEO, () => SECRET);
    expect(await keys.obtain('romeo@work.example', () => OTHER)).toEqual(OTHER);
  });

  test.each([
    ['another', OTHER, true],
    ['the same', SECRET, false],
  ])(
    'that is damaged is kept as it is where %s takes its place (R1269)',
    async (_, secret, wasKnown) => {
      const { keys, file } = await openKeys();
      await keys.obtain(ROMEO, () => SECRET);
      const damaged = (await readFile(file, 'utf8')).slice(0, -9);
      await writeFile(file, damaged, { mode: 0o644 });
      const replaced = await keys.replace(ROMEO, secret, textOf);
      expect(replaced).toEqual({ wasKnown, kept: { path: expect.any(String), isWhole: false } });
      expect(replaced.kept?.path).toMatch(/\.unusable-[0-9a-f]{8}\.key$/);
      expect(await keptIn(replaced.kept?.path)).toEqual([damaged, 0o600]);
      expect(await keys.obtain(ROMEO, never)).toEqual(secret);
    },
  );

  test('may be known where its file is gone or damaged, and what is known of it, too (R1269)', async () => {
    const { keys, file, path } = await openKeys();
    const gone = async (secret: Buffer) => {
      await fs.rm(file, { force: true });
      return keys.replace(ROMEO, secret, textOf);
    };
    expect(await gone(SECRET)).toEqual({ wasKnown: false });
    expect(await gone(SECRET)).toEqual({ wasKnown: false });
    expect(await gone(OTHER)).toEqual({ wasKnown: true });
    const published = new KeyFolder(join(path, '../public')).pathOf(ROMEO);
    await writeFile(published, 'nonsense');
    expect(await gone(OTHER)).toEqual({ wasKnown: true });
    await fs.rm(published);
    await writeFile(file, 'nonsense');
    expect(await keys.replace(ROMEO, SECRET, textOf)).toMatchObject({ wasKnown: true });
  });

  test.each<[string, (file: string) => Promise<unknown>, words: string]>([
    ['a link', (file) => fs.symlink('/dev/null', file), 'is no file of inband'],
    ['a folder', (file) => fs.mkdir(file), 'is a folder'],
    [
      'a file that is far too large',
      (file) => writeFile(file, 'x'.repeat(65_537)),
      'is no file of inband',
    ],
  ])('takes the place of no other where %s is (R1269, R1336)', async (_, put, words) => {
    const { keys, file } = await openKeys();
    await keys.obtain(ROMEO, () => SECRET);
    await fs.rm(file);
    await put(file);
    const before = await fs.lstat(file);
    await expect(keys.replace(ROMEO, OTHER, textOf)).rejects.toMatchObject({
      message: `${file} ${words}`,
      hints: ['move it away'],
    });
    expect((await fs.lstat(file)).ino).toBe(before.ino);
  });

  test.each([
    ['a bit is another one', (text: string) => text.replace('AQEB', 'AQEC')],
    ['it is cut', (text: string) => text.slice(0, 60)],
    ['it is empty', () => ''],
    ['it is that of another account', (text: string) => text.replace('romeo', 'tybalt')],
  ])('is refused, and no other one made, where %s (R251, R1336)', async (_what, damage) => {
    const { keys, file } = await openKeys();
    await keys.obtain(ROMEO, () => SECRET);
    const damaged = damage(await readFile(file, 'utf8'));
    await writeFile(file, damaged);
    await expect(keys.obtain(ROMEO, never)).rejects.toThrow(KeysUnusable);
    await expect(keys.obtain(ROMEO, never)).rejects.toMatchObject({
      hints: [
        `import it from a copy: inband key import -a ${ROMEO} <file>`,
        `or make another: inband key replace -a ${ROMEO}`,
      ],
    });
    expect(await readFile(file, 'utf8')).toBe(damaged);
  });
});

test('a key that others can read is not used (R539)', async () => {
  const path = join(await createFolder(), 'keys');
  const folder = new KeyFolder(path, { isSecret: true });
  const keys = keysIn(folder);
  await keys.obtain(ROMEO, () => SECRET);
  expect(await keys.obtain(ROMEO, never)).toEqual(SECRET);
  await chmod(folder.pathOf(ROMEO), 0o640);
  await expect(keys.obtain(ROMEO, never)).rejects.toMatchObject({
    message: expect.stringContaining('can be read by others'),
    hints: [
      `run: chmod 600 ${folder.pathOf(ROMEO)}`,
      'if that changes nothing, its disk keeps no modes: set XDG_DATA_HOME to a folder on another one',
      'if somebody may have read it, make another key: inband key replace -a romeo@montague.example',
    ],
  });
});

test('a key that others can read is kept where another takes its place (R1269)', async () => {
  const path = join(await createFolder(), 'keys');
  const folder = new KeyFolder(path, { isSecret: true });
  const keys = keysIn(folder);
  await keys.obtain(ROMEO, () => SECRET);
  const open = () => chmod(folder.pathOf(ROMEO), 0o644);
  await open();
  const { wasKnown, kept } = await keys.replace(ROMEO, OTHER, textOf);
  expect([wasKnown, kept?.isWhole]).toEqual([true, true]);
  expect(await keptIn(kept?.path)).toEqual([textOf(SECRET), 0o600]);
  await open();
  expect(await keys.replace(ROMEO, OTHER, textOf)).toEqual({ wasKnown: false });
  expect(await keys.obtain(ROMEO, never)).toEqual(OTHER);
});

// Nobody else can give a file away.
if (process.geteuid?.() === 0) {
  test('a key that belongs to somebody else is not used', async () => {
    const folder = new KeyFolder(join(await createFolder(), 'keys'), { isSecret: true });
    const keys = keysIn(folder);
    await keys.obtain(ROMEO, () => SECRET);
    await chown(folder.pathOf(ROMEO), 1, 1);
    await expect(keys.obtain(ROMEO, never)).rejects.toMatchObject({
      message: `${folder.pathOf(ROMEO)} belongs to another user`,
      hints: ['set XDG_DATA_HOME to a folder of yours'],
    });
  });

  test('a key is not made in a folder of somebody else, which root might (R1315)', async () => {
    const path = join(await createFolder(), 'keys');
    await mkdir(path, { mode: 0o755 });
    await chown(path, 1, 1);
    const making = keysIn(new KeyFolder(path)).obtain(ROMEO, () => SECRET);
    await expect(making).rejects.toThrow(`${path} belongs to another user`);
    expect(await readdir(path)).toEqual([]);
    expect((await stat(path)).mode & 0o777).toBe(0o755);
  });

  test('a key of somebody else is kept, and not as one that is to be taken back (R1269)', async () => {
    const folder = new KeyFolder(join(await createFolder(), 'keys'), { isSecret: true });
    const keys = keysIn(folder);
    await keys.obtain(ROMEO, () => SECRET);
    const bytes = await readFile(folder.pathOf(ROMEO), 'utf8');
    await chown(folder.pathOf(ROMEO), 1, 1);
    const { wasKnown, kept } = await keys.replace(ROMEO, OTHER, textOf);
    expect([wasKnown, kept?.isWhole]).toEqual([true, false]);
    expect(await keptIn(kept?.path)).toEqual([bytes, 0o600]);
    expect(await keys.obtain(ROMEO, never)).toEqual(OTHER);
  });
}

test('a folder of keys that stays locked is told of as that', async () => {
  const path = join(await createFolder(), 'keys');
  const keys = keysIn(new KeyFolder(path));
  await keys.obtain(ROMEO, () => SECRET);
  const sleep = async () => undefined;
  const system = { files: fs, processes: systemProcesses, now: Date.now, sleep };
  const lock = await lockFolder(path, system);
  await expect(keys.replace(ROMEO, OTHER, textOf)).rejects.toThrow(
    `another inband keeps ${path} locked`,
  );
  await lock.release();
});
