import {
  lchown,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { type ContentId, digest } from '../../../src/protocol/bob/content-id.js';
import type { BlobLimits } from '../../../src/storage/blobs/blob-eviction.js';
import { BlobFolder } from '../../../src/storage/blobs/blob-folder.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

const START = Date.parse('2026-01-02T03:04:05.678Z');
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const LIMITS = { entries: 100, bytes: 100_000 };

const blobOf = (text: string) => ({ type: 'text/plain', bytes: Buffer.from(text) });

const idOf = (text: string, algorithm = 'sha-256'): ContentId => ({
  algorithm,
  hash: digest(algorithm, Buffer.from(text)),
});

/** A blob folder that does not exist yet, with a clock to set. */
async function blobFolder(limits?: BlobLimits) {
  const root = join(await temporaryFolder(), 'inband', 'blobs');
  const clock = { now: START };
  const open = () => new BlobFolder(root, { digest, now: () => clock.now, limits });
  const pathOf = ({ algorithm, hash }: ContentId) => join(root, algorithm, hash.slice(0, 2), hash);
  return { root, clock, open, folder: open(), pathOf };
}

async function filesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

const isAbsent = async (path: string) =>
  await stat(path).then(
    () => false,
    (error) => error.code === 'ENOENT',
  );

describe('a blob that was put', () => {
  test('comes back, to another process too', async () => {
    const { folder, open } = await blobFolder();
    const id = idOf('hello');
    await folder.put(id, { ...blobOf('hello'), maxAge: 60 }, 'romeo@montague.example');
    expect(await open().get(id)).toEqual({
      id,
      type: 'text/plain',
      size: 5,
      maxAge: 60,
      storedAt: new Date(START),
      from: 'romeo@montague.example',
      bytes: Buffer.from('hello'),
    });
  });

  test.each(['sha1', 'sha-256', 'sha-512', 'blake2b-512'])('is found by its %s', async (name) => {
    const { folder } = await blobFolder();
    await folder.put(idOf('hello', name), blobOf('hello'));
    expect((await folder.get(idOf('hello', name)))?.bytes).toEqual(Buffer.from('hello'));
    expect(await folder.get(idOf('other', name))).toBeUndefined();
  });

  test('may be empty', async () => {
    const { folder } = await blobFolder();
    await folder.put(idOf(''), blobOf(''));
    expect((await folder.get(idOf('')))?.size).toBe(0);
  });

  test('lies under its own hash, in private files and folders (R54)', async () => {
    const { root, folder, pathOf } = await blobFolder();
    const path = pathOf(idOf('hello'));
    await folder.put(idOf('hello'), blobOf('hello'));
    expect(await readFile(path, 'utf8')).toBe('hello');
    expect(JSON.parse(await readFile(`${path}.json`, 'utf8'))).toEqual({
      type: 'text/plain',
      size: 5,
      storedAt: '2026-01-02T03:04:05.678Z',
    });
    const modes = [root, dirname(dirname(path)), dirname(path), path, `${path}.json`].map(
      async (each) => (await stat(each)).mode & 0o777,
    );
    expect(await Promise.all(modes)).toEqual([0o700, 0o700, 0o700, 0o600, 0o600]);
    expect(await filesIn(root)).toHaveLength(2);
  });

  test('again has what was said of it last', async () => {
    const { root, clock, folder } = await blobFolder();
    await folder.put(idOf('hello'), { ...blobOf('hello'), maxAge: 60 }, 'romeo@montague.example');
    clock.now += 50_000;
    await folder.put(idOf('hello'), { ...blobOf('hello'), type: 'text/html', maxAge: 60 });
    clock.now += 50_000;
    const { type, storedAt, from } = (await folder.get(idOf('hello'))) ?? {};
    expect({ type, storedAt, from }).toEqual({
      type: 'text/html',
      storedAt: new Date(START + 50_000),
      from: undefined,
    });
    expect(await filesIn(root)).toHaveLength(2);
  });

  test('is gone once it is deleted', async () => {
    const { root, folder } = await blobFolder();
    await folder.put(idOf('hello'), blobOf('hello'));
    expect(await folder.delete(idOf('hello'))).toBe(true);
    expect(await folder.delete(idOf('hello'))).toBe(false);
    expect(await folder.get(idOf('hello'))).toBeUndefined();
    expect(await filesIn(root)).toEqual([]);
  });

  test('is in the list, oldest first', async () => {
    const { clock, folder } = await blobFolder();
    for (const text of ['c', 'a', 'b']) {
      await folder.put(idOf(text), { ...blobOf(text), maxAge: 60 }, `${text}@example.org`);
      clock.now += 1000;
    }
    const entry = { type: 'text/plain', size: 1, maxAge: 60 };
    expect(await folder.list()).toEqual([
      { ...entry, id: idOf('c'), storedAt: new Date(START), from: 'c@example.org' },
      { ...entry, id: idOf('a'), storedAt: new Date(START + 1000), from: 'a@example.org' },
      { ...entry, id: idOf('b'), storedAt: new Date(START + 2000), from: 'b@example.org' },
    ]);
  });
});

describe('a folder that does not exist', () => {
  test('holds nothing, and is not made by looking', async () => {
    const { root, folder } = await blobFolder(LIMITS);
    expect(await folder.get(idOf('hello'))).toBeUndefined();
    expect(await folder.delete(idOf('hello'))).toBe(false);
    expect(await folder.list()).toEqual([]);
    await folder.prune();
    expect(await isAbsent(root)).toBe(true);
  });
});

describe('what is refused', () => {
  test('bytes that are not those of the id', async () => {
    const { root, folder } = await blobFolder();
    await expect(folder.put(idOf('hello'), blobOf('jello'))).rejects.toThrow(
      /^not the bytes of this cid: their \S+ is [0-9a-f]+, not [0-9a-f]+$/,
    );
    expect(await isAbsent(root)).toBe(true);
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e99])(
    'a max-age of %d',
    async (maxAge) => {
      const { root, folder } = await blobFolder();
      const put = folder.put(idOf('hello'), { ...blobOf('hello'), maxAge });
      await expect(put).rejects.toThrow(RangeError);
      expect(await isAbsent(root)).toBe(true);
    },
  );

  test.each([
    ['a parent as algorithm', '..', 'ab'],
    ['a path as algorithm', 'sha-256/..', 'ab'],
    ['an empty algorithm', '', 'ab'],
    ['a long algorithm', 'a'.repeat(5000), 'ab'],
    ['a path as hash', 'sha-256', '../../secret'],
    ['a parent as hash', 'sha-256', '..'],
    ['an empty hash', 'sha-256', ''],
    ['a hash in upper case', 'sha-256', 'AB'],
    ['a hash with a line end', 'sha-256', 'ab\n'],
    ['a hash with a zero byte', 'sha-256', 'ab\0'],
    ['a long hash', 'sha-256', 'ab'.repeat(5000)],
  ])('an id with %s, before it touches a path', async (_, algorithm, hash) => {
    const id = { algorithm, hash };
    const { root, folder } = await blobFolder();
    await mkdir(root, { recursive: true });
    await writeFile(join(root, '..', 'secret'), '');
    await writeFile(join(root, '..', 'secret.json'), '');
    expect(await folder.get(id)).toBeUndefined();
    expect(await folder.delete(id)).toBe(false);
    expect(await filesIn(dirname(root))).toHaveLength(2);
  });
});

describe('a damaged blob', () => {
  test.each(['jello', 'hell', 'hello!', ''])(
    '%j instead of "hello" is removed (R54)',
    async (text) => {
      const { root, folder, pathOf } = await blobFolder();
      await folder.put(idOf('hello'), blobOf('hello'));
      await writeFile(pathOf(idOf('hello')), text);
      expect(await folder.get(idOf('hello'))).toBeUndefined();
      expect(await filesIn(root)).toEqual([]);
    },
  );

  test.each(['', '{', 'null', '{"type":"text/plain"}'])(
    'with the sidecar %j is removed',
    async (text) => {
      const { root, folder, pathOf } = await blobFolder();
      await folder.put(idOf('hello'), blobOf('hello'));
      await writeFile(`${pathOf(idOf('hello'))}.json`, text);
      expect(await folder.list()).toEqual([]);
      expect(await folder.get(idOf('hello'))).toBeUndefined();
      expect(await filesIn(root)).toEqual([]);
    },
  );

  test('that lacks its sidecar or its data is absent', async () => {
    const { folder, pathOf } = await blobFolder();
    await folder.put(idOf('a'), blobOf('a'));
    await folder.put(idOf('b'), blobOf('b'));
    await unlink(`${pathOf(idOf('a'))}.json`);
    await unlink(pathOf(idOf('b')));
    expect(await folder.get(idOf('a'))).toBeUndefined();
    expect(await folder.get(idOf('b'))).toBeUndefined();
    expect(await folder.list()).toEqual([]);
  });

  test('is whole again after a put', async () => {
    const { clock, folder, pathOf } = await blobFolder();
    await folder.put(idOf('hello'), blobOf('hello'));
    await writeFile(pathOf(idOf('hello')), 'jello');
    clock.now += 1;
    await folder.put(idOf('hello'), blobOf('hello'));
    expect((await folder.get(idOf('hello')))?.bytes).toEqual(Buffer.from('hello'));
  });
});

describe('max-age', () => {
  test('0 never touches the disk of a cache (R57)', async () => {
    const { root, folder } = await blobFolder(LIMITS);
    await folder.put(idOf('hello'), { ...blobOf('hello'), maxAge: 0 });
    expect(await isAbsent(root)).toBe(true);
  });

  test('0 is for others: what is our own stays', async () => {
    const { clock, folder } = await blobFolder();
    await folder.put(idOf('hello'), { ...blobOf('hello'), maxAge: 0 });
    clock.now += 365 * DAY_MS;
    await folder.prune();
    expect((await folder.get(idOf('hello')))?.maxAge).toBe(0);
  });

  test('that nobody named is 30 days in a cache (R57)', async () => {
    const { clock, folder } = await blobFolder(LIMITS);
    await folder.put(idOf('hello'), blobOf('hello'));
    clock.now = START + 30 * DAY_MS - 1;
    expect(await folder.get(idOf('hello'))).toBeDefined();
    clock.now += 1;
    expect(await folder.get(idOf('hello'))).toBeUndefined();
  });

  test('ends a blob to the second', async () => {
    const { clock, folder } = await blobFolder();
    await folder.put(idOf('hello'), { ...blobOf('hello'), maxAge: 60 });
    clock.now = START + 59_999;
    expect(await folder.get(idOf('hello'))).toBeDefined();
    clock.now = START + 60_000;
    expect(await folder.get(idOf('hello'))).toBeUndefined();
    expect(await folder.list()).toEqual([]);
  });

  test('outlives a clock that was wrong for a while', async () => {
    const { clock, folder } = await blobFolder();
    await folder.put(idOf('hello'), { ...blobOf('hello'), maxAge: 60 });
    clock.now = START - 365 * DAY_MS;
    expect(await folder.get(idOf('hello'))).toBeUndefined();
    clock.now = START;
    expect(await folder.get(idOf('hello'))).toBeDefined();
  });

  test('of a year is 30 days in a cache, and a year elsewhere', async () => {
    const year = 365 * 24 * 60 * 60;
    for (const [limits, expected] of [
      [LIMITS, 30 * 24 * 60 * 60],
      [undefined, year],
    ] as const) {
      const { folder } = await blobFolder(limits);
      await folder.put(idOf('hello'), { ...blobOf('hello'), maxAge: year });
      expect((await folder.get(idOf('hello')))?.maxAge).toBe(expected);
    }
  });
});

describe('limits', () => {
  const textsIn = async (folder: BlobFolder, texts: string[]) => {
    const found = await Promise.all(texts.map((text) => folder.get(idOf(text))));
    return texts.filter((_, index) => found[index]);
  };

  test('of entries let the oldest out first', async () => {
    const { root, clock, folder } = await blobFolder({ entries: 3, bytes: 1000 });
    for (const text of ['a', 'b', 'c', 'a', 'd', 'e']) {
      await folder.put(idOf(text), blobOf(text));
      clock.now += 1;
    }
    expect(await textsIn(folder, ['a', 'b', 'c', 'd', 'e'])).toEqual(['a', 'd', 'e']);
    expect(await filesIn(root)).toHaveLength(6);
  });

  test('of bytes let out as many as it takes', async () => {
    const { clock, folder } = await blobFolder({ entries: 100, bytes: 10 });
    for (const text of ['aaaa', 'bbbb', 'cc', 'dddddd']) {
      await folder.put(idOf(text), blobOf(text));
      clock.now += 1;
    }
    expect(await textsIn(folder, ['aaaa', 'bbbb', 'cc', 'dddddd'])).toEqual(['cc', 'dddddd']);
  });

  test('keep out a blob beyond them by itself, and nothing goes for it', async () => {
    const { clock, folder } = await blobFolder({ entries: 100, bytes: 10 });
    await folder.put(idOf('small'), blobOf('small'));
    clock.now += 1;
    await folder.put(idOf('eleven byte'), blobOf('eleven byte'));
    expect(await textsIn(folder, ['small', 'eleven byte'])).toEqual(['small']);
  });

  test('count blobs of all algorithms together', async () => {
    const { clock, folder } = await blobFolder({ entries: 1, bytes: 1000 });
    await folder.put(idOf('hello', 'sha1'), blobOf('hello'));
    clock.now += 1;
    await folder.put(idOf('hello', 'sha-512'), blobOf('hello'));
    expect((await folder.list()).map(({ id }) => id.algorithm)).toEqual(['sha-512']);
  });

  test('hold after prune in a folder filled without them', async () => {
    const { root, clock, folder } = await blobFolder();
    for (const text of ['a', 'b', 'c']) {
      await folder.put(idOf(text), blobOf(text));
      clock.now += 1;
    }
    const limits = { entries: 1, bytes: 1000 };
    await new BlobFolder(root, { digest, now: () => clock.now, limits }).prune();
    expect(await textsIn(folder, ['a', 'b', 'c'])).toEqual(['c']);
  });
});

describe('prune', () => {
  test('removes what is expired and keeps the rest', async () => {
    const { root, clock, folder } = await blobFolder();
    await folder.put(idOf('short'), { ...blobOf('short'), maxAge: 60 });
    await folder.put(idOf('long'), { ...blobOf('long'), maxAge: 3600 });
    await folder.put(idOf('ever'), blobOf('ever'));
    clock.now += 60_000;
    await folder.prune();
    expect(await filesIn(root)).toHaveLength(4);
    expect(await folder.get(idOf('long'))).toBeDefined();
    expect(await folder.get(idOf('ever'))).toBeDefined();
  });

  test('removes blobs of the wrong size and with an unreadable sidecar', async () => {
    const { root, folder, pathOf } = await blobFolder();
    await folder.put(idOf('cut'), blobOf('cut'));
    await folder.put(idOf('unread'), blobOf('unread'));
    await writeFile(pathOf(idOf('cut')), 'c');
    await writeFile(`${pathOf(idOf('unread'))}.json`, '{');
    await folder.prune();
    expect(await filesIn(root)).toEqual([]);
  });

  test('removes what killed processes left, once it cannot be at work any more', async () => {
    const { root, clock, folder, pathOf } = await blobFolder();
    const [orphan, widow] = [pathOf(idOf('orphan')), pathOf(idOf('widow'))];
    await folder.put(idOf('orphan'), blobOf('orphan'));
    await folder.put(idOf('widow'), blobOf('widow'));
    await unlink(`${orphan}.json`);
    await unlink(widow);
    const temporary = join(dirname(orphan), '01234567-89ab-cdef-0123-456789abcdef.tmp');
    await writeFile(temporary, 'half a bl');
    await utimes(temporary, new Date(START), new Date(START));

    clock.now = START + HOUR_MS - 1000;
    await folder.prune();
    expect(await filesIn(root)).toHaveLength(3);
    clock.now = START + HOUR_MS + 1000;
    await folder.prune();
    expect(await filesIn(root)).toEqual([]);
  });

  test('leaves files alone that are not of a blob folder', async () => {
    const { root, clock, folder } = await blobFolder();
    await folder.put(idOf('hello'), { ...blobOf('hello'), maxAge: 1 });
    const shelf = join(root, 'sha-256', idOf('hello').hash.slice(0, 2));
    await writeFile(join(root, 'README'), '');
    await writeFile(join(root, 'sha-256', 'notes.txt'), '');
    await writeFile(join(root, 'sha-256', 'ff'), '');
    await writeFile(join(shelf, 'mine.tmp'), '');
    clock.now += 365 * DAY_MS;
    await folder.prune();
    expect((await filesIn(root)).sort()).toEqual(['README', 'ff', 'mine.tmp', 'notes.txt']);
  });

  test('never takes a blob that is put again at the same time', async () => {
    const { clock, folder, open } = await blobFolder();
    const id = idOf('hello');
    clock.now = Date.now(); // or the files being written would look left over
    for (let count = 0; count < 100; count++) {
      await folder.put(id, { ...blobOf('hello'), maxAge: 1 });
      clock.now += 1000;
      await Promise.all([
        folder.put(id, { ...blobOf('hello'), maxAge: 1 }),
        ...[open(), open()].map(async (other) => {
          for (let turn = 0; turn < count % 10; turn++) await other.prune();
        }),
      ]);
      expect(await folder.get(id)).toBeDefined();
    }
  });
});

describe('where a link leads out of the folder (R1316)', () => {
  /** A blob put long ago, whose data is damaged, in a folder that a link leads to in place of one above the blob. */
  async function linked(above: 'algorithm' | 'prefix') {
    const { folder, clock, pathOf, root } = await blobFolder(LIMITS);
    const id = idOf('hello');
    await folder.put(id, blobOf('hello'));
    await writeFile(pathOf(id), 'other');
    const path = above === 'prefix' ? dirname(pathOf(id)) : dirname(dirname(pathOf(id)));
    const victim = join(root, '..', 'victim');
    await rename(path, victim);
    await symlink(victim, path);
    clock.now += 60 * DAY_MS;
    return { folder, id, path, victim };
  }

  test.each(['algorithm', 'prefix'] as const)(
    'in place of the %s, nothing is lost',
    async (above) => {
      const { folder, id, path, victim } = await linked(above);
      const before = await filesIn(victim);
      const refused = { name: 'NoFileOfOurs', message: `${path} is no folder of inband` };
      await expect(folder.get(id)).rejects.toMatchObject(refused);
      await expect(folder.delete(id)).rejects.toMatchObject(refused);
      await expect(folder.put(id, blobOf('hello'))).rejects.toMatchObject(refused);
      expect(await folder.list()).toEqual([]);
      expect(await folder.prune()).toBe(0);
      expect(await filesIn(victim)).toEqual(before);
    },
  );

  test('the folder itself may be a link of our own', async () => {
    const { folder, id, root } = await ownLink();
    expect(await folder.get(id)).toMatchObject({ bytes: Buffer.from('hello') });
    if (process.geteuid?.() !== 0) return;
    await lchown(root, 65_534, 65_534);
    const refused = { name: 'NoFileOfOurs', message: `${root} is no folder of inband` };
    await expect(folder.prune()).rejects.toMatchObject(refused);
    await expect(folder.delete(id)).rejects.toMatchObject(refused);
  });

  test('the folder itself may be a link that root has made (R1349)', async () => {
    if (process.geteuid?.() !== 0) return;
    const { folder, id } = await ownLink();
    const asUser = jest.spyOn(process as Required<NodeJS.Process>, 'geteuid');
    asUser.mockReturnValue(1_000);
    try {
      expect(await folder.get(id)).toMatchObject({ bytes: Buffer.from('hello') });
    } finally {
      asUser.mockRestore();
    }
  });

  async function ownLink() {
    const { folder, root } = await blobFolder();
    const id = idOf('hello');
    await folder.put(id, blobOf('hello'));
    await rename(root, `${root}-elsewhere`);
    await symlink(`${root}-elsewhere`, root);
    return { folder, id, root };
  }
});
