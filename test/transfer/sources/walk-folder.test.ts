import { execFile } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  realpath,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { allSources, outlineOf, shared } from '../../../src/transfer/sources/all-sources.js';
import { openSources } from '../../../src/transfer/sources/open-sources.js';
import {
  type Source,
  SourceChanged,
  type SourceFolder,
  SourceUnreadable,
  SourceUnusable,
} from '../../../src/transfer/sources/source.js';
import { openBelow } from '../../support/open-files.js';

let root: string;
let folder: string;
let warned: string[];

beforeEach(async () => {
  warned = [];
  root = await realpath(await mkdtemp(join(tmpdir(), 'inband-walk-')));
  folder = join(root, 'photos');
  await mkdir(folder);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = async (...given: string[]) =>
  (await openSources(given, {
    stdin: process.stdin,
    warn: (text) => warned.push(text),
  })) as SourceFolder[];

async function walked(given = folder): Promise<Source[]> {
  const [found] = await open(given);
  const sources: Source[] = [];
  for await (const source of found?.walk() ?? []) sources.push(source);
  return sources;
}

const pathsOf = (sources: Source[]) => sources.map(({ path }) => path?.join('/'));

async function textOf({ read }: Source): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of read(0)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a folder', () => {
  test('has its files in the order of their names, and the folders without any (R319)', async () => {
    await mkdir(join(folder, 'b', 'deep'), { recursive: true });
    await mkdir(join(folder, 'empty'));
    for (const name of ['c', 'b/2', 'b/10', 'b/deep/x', '.hidden', 'é']) {
      await writeFile(join(folder, name), name);
    }
    const sources = await walked();
    expect(pathsOf(sources)).toEqual(
      ['.hidden', 'b/10', 'b/2', 'b/deep/x', 'c', 'empty', 'é'].map((path) => `photos/${path}`),
    );
    expect(sources.map(({ isFolder = false }) => isFolder)).toEqual([
      ...[false, false, false, false, false, true, false],
    ]);
    expect(await textOf(sources[3] as Source)).toBe('b/deep/x');
  });

  test('tells name, size, date and whether it is a program (R319)', async () => {
    const path = join(folder, 'run.png');
    await writeFile(path, 'hello');
    await chmod(path, 0o755);
    const date = new Date('2020-02-03T04:05:06Z');
    await utimes(path, date, date);
    const facts = { name: 'run.png', size: 5, date, mediaType: 'image/png', isExecutable: true };
    expect(await walked()).toMatchObject([facts]);
  });

  test.each(['.', './', '../photos', 'x/..', '../link'])(
    'is called as it is, by %p (R319)',
    async (given) => {
      await mkdir(join(folder, 'x'));
      await writeFile(join(folder, 'x', 'a'), '');
      await symlink(folder, join(root, 'link'));
      expect(pathsOf(await walked(`${folder}/${given}`))).toEqual(['photos/x/a']);
    },
  );

  test('without a name is refused, and so are two of one name, before anything is sent (R319)', async () => {
    await expect(open('/')).rejects.toThrow(SourceUnusable);
    await mkdir(join(root, 'other', 'photos'), { recursive: true });
    await writeFile(join(root, 'other', 'file'), '');
    await expect(open(folder, join(root, 'other', 'photos'))).rejects.toThrow(SourceUnusable);
    await expect(open(folder, join(root, 'other', 'file'), folder)).rejects.toThrow(SourceUnusable);
    expect(await open(folder, join(root, 'other'))).toHaveLength(2);
  });

  test('has links only to files below it, and names what else is left out (R320)', async () => {
    await writeFile(join(root, 'secret'), 'secret');
    await writeFile(join(folder, 'a'), 'a');
    await mkdir(join(folder, 'd'));
    await writeFile(join(folder, 'd', 'b'), 'b');
    for (const [to, name] of [
      ...[
        ['d/b', 'good'],
        ['../secret', 'out'],
        [join(root, 'secret'), 'absolute'],
        ['d', 'folder'],
      ],
      ...[
        ['none', 'dangling'],
        ['circle', 'circle'],
        ['..', 'above'],
      ],
    ] as [string, string][]) {
      await symlink(to, join(folder, name));
    }
    await promisify(execFile)('mkfifo', [join(folder, 'pipe')]);
    const sources = await walked();
    expect(pathsOf(sources)).toEqual(['photos/a', 'photos/d/b', 'photos/good']);
    expect(await textOf(sources[2] as Source)).toBe('b');
    expect(warned.at(-1)).toMatch(/pipe is no file, and is left out$/);
    expect(warned.at(-2)).toMatch(
      /out is a link to what is no file below the folder, and is left out$/,
    );
    expect(warned.map((text) => basename(text.split(' ')[0] as string))).toEqual([
      ...['above', 'absolute', 'circle', 'dangling', 'folder', 'out', 'pipe'],
    ]);
  });

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['it', (path) => rm(path).then(() => symlink(join(root, 'secret'), path))],
    [
      'its folder',
      async () => {
        await rename(join(folder, 'd'), join(folder, 'old'));
        await symlink(root, join(folder, 'd'));
      },
    ],
    ['another file', (path) => rename(path, `${path}.old`).then(() => writeFile(path, 'other'))],
  ])(
    'of a file that a link or a file has replaced (%s) has no byte (R320)',
    async (_what, replace) => {
      await writeFile(join(root, 'secret'), 'other');
      await mkdir(join(folder, 'd'));
      const path = join(folder, 'd', 'secret');
      await writeFile(path, 'mine!');
      const [source] = await walked();
      await replace(path);
      await expect(textOf(source as Source)).rejects.toThrow(SourceChanged);
    },
  );

  test('has what cannot be read in its place, where it fails alone (R320)', async () => {
    await writeFile(join(folder, 'a'), 'a');
    let deep = folder;
    for (let depth = 0; depth < 70; depth += 1) deep = join(deep, 'd');
    await mkdir(deep, { recursive: true });
    await writeFile(join(deep, 'x'), '');
    await promisify(execFile)('sh', ['-c', 'printf x > "$(printf "caf\\351.txt")"'], {
      cwd: folder,
    });
    const [a, foreign, tooDeep, ...others] = await walked();
    expect(others).toEqual([]);
    expect(await textOf(a as Source)).toBe('a');
    await expect(textOf(foreign as Source)).rejects.toThrow(
      'it cannot be read: its name is not UTF-8, and such files cannot be opened',
    );
    await expect(textOf(tooDeep as Source)).rejects.toThrow(SourceUnreadable);
    await expect(textOf(tooDeep as Source)).rejects.toThrow('it is too deep below the folder');
  });

  test('keeps no file open, whether it is read to its end, in part, or not at all (R322)', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await writeFile(join(folder, name), name);
    await symlink('../none', join(folder, 'e'));
    const [a, b, c, d] = (await walked()) as [Source, Source, Source, Source];
    expect(await textOf(a)).toBe('a');
    for await (const bytes of b.read(0)) {
      expect(bytes.toString()).toBe('b');
      expect(openBelow(root)).toEqual(process.platform === 'linux' ? [join(folder, 'b')] : []);
      break;
    }
    c.read(0);
    await rename(join(folder, 'c'), join(folder, 'd'));
    await expect(textOf(d)).rejects.toThrow(SourceChanged);
    await expect(textOf(c)).rejects.toThrow();
    expect(openBelow(root)).toEqual([]);
  });

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['it', (path) => rm(path)],
    ['its folder', (path) => rename(dirname(path), `${dirname(path)}.old`)],
  ])('of a file that is gone by then (%s) fails alone (R320)', async (_what, remove) => {
    await mkdir(join(folder, 'd'));
    const path = join(folder, 'd', 'a');
    await writeFile(path, 'a');
    const [source] = await walked();
    await remove(path);
    await expect(textOf(source as Source)).rejects.toThrow(SourceUnreadable);
  });

  test('has an empty folder of too long a path, which fails alone (R320)', async () => {
    await mkdir(join(folder, ...Array(10).fill('x'.repeat(240))), { recursive: true });
    const [source, ...others] = await walked();
    expect(others).toEqual([]);
    expect(source?.isFolder).toBeUndefined();
    await expect(textOf(source as Source)).rejects.toThrow(SourceUnreadable);
  });

  test('tells at a glance what is to come: links, and what cannot be read, as they are sent (R434)', async () => {
    await mkdir(join(folder, 'd'));
    await writeFile(join(folder, 'd', 'b'), 'b');
    await writeFile(join(folder, 'c'), 'cc');
    await mkdir(join(folder, 'empty'));
    await symlink('d/b', join(folder, 'good'));
    await symlink('..', join(folder, 'out'));
    await promisify(execFile)('mkfifo', [join(folder, 'pipe')]);
    await mkdir(join(folder, ...Array(10).fill('x'.repeat(200))), { recursive: true });
    await writeFile(join(folder, ...Array(10).fill('x'.repeat(200)), 'y'.repeat(200)), 'long');
    const sources = await walked();
    expect(sources).toHaveLength(5);
    warned.length = 0;
    const outline = await outlineOf(await open(folder), new AbortController().signal);
    expect(outline).toEqual(
      sources.map(({ size, isFolder }) => ({ size, ...(isFolder ? { isFolder } : {}) })),
    );
    expect(warned).toEqual([]);
  });
});

test('what several read is taken once, and no sooner than the first of them wants it (R319)', async () => {
  let taken = 0;
  async function* numbers() {
    while (taken < 4) {
      taken += 1;
      yield taken;
    }
  }
  const [one, other] = shared(numbers(), 2);
  const next = async (items = one) => (await items?.next())?.value;
  expect([await next(), await next(), taken]).toEqual([1, 2, 2]);
  const rest: number[] = [];
  for await (const item of other ?? []) rest.push(item);
  expect(rest).toEqual([1, 2, 3, 4]);
  expect([await next(), await next(), await next(), taken]).toEqual([3, 4, undefined, 4]);
});

describe('a folder on a disk that answers no more', () => {
  async function* never(): AsyncGenerator<never> {
    await new Promise(() => undefined);
  }
  const stuck: SourceFolder = { name: 'photos', walk: never, outline: never };

  test('does not keep the user from ending it (R433)', async () => {
    const interrupt = new AbortController();
    const outline = outlineOf([stuck], interrupt.signal);
    interrupt.abort(new Error('enough'));
    await expect(outline).rejects.toThrow('enough');
  });

  test('has no more files after the end (R433)', async () => {
    const interrupt = new AbortController();
    const next = allSources([stuck], interrupt.signal).next();
    interrupt.abort(new Error('enough'));
    expect(await next).toMatchObject({ done: true });
  });
});

describe('what inband keeps secret', () => {
  const inSecrets = (...given: string[]) =>
    openSources(given, {
      stdin: process.stdin,
      secrets: [join(root, 'link', 'keys'), join(folder, 'b', 'password'), join(folder, 'none')],
      warn: (text) => warned.push(text),
    });

  beforeEach(async () => {
    await symlink(folder, join(root, 'link'));
    for (const name of ['keys', 'b', 'keys2']) await mkdir(join(folder, name));
    for (const name of ['keys/a', 'keys2/a', 'b/password', 'b/c']) {
      await writeFile(join(folder, name), name);
    }
    await symlink('keys/a', join(folder, 'to-key'));
  });

  async function walkedPast(meanwhile: () => Promise<unknown> = async () => undefined) {
    const [found] = (await inSecrets(folder)) as SourceFolder[];
    const sources: Source[] = [];
    for await (const source of found?.walk() ?? []) {
      if (sources.length === 0) await meanwhile();
      sources.push(source);
    }
    return sources;
  }

  test('is left out of a folder, wherever links lead, and is named (R1340)', async () => {
    expect(pathsOf(await walkedPast())).toEqual(['photos/b/c', 'photos/keys2/a']);
    expect(warned).toEqual([
      'photos/b/password is left out: inband keeps passwords or keys in it',
      'photos/keys is left out: inband keeps passwords or keys in it',
      'photos/to-key is left out: inband keeps passwords or keys in it',
    ]);
  });

  test('is left out, too, where it was made since the folder was named (R1340)', async () => {
    await rm(join(folder, 'keys'), { recursive: true });
    const [found] = (await inSecrets(folder)) as SourceFolder[];
    await mkdir(join(folder, 'keys'));
    await writeFile(join(folder, 'keys', 'a'), 'secret');
    const sources: Source[] = [];
    for await (const source of found?.walk() ?? []) sources.push(source);
    expect(pathsOf(sources)).not.toContain('photos/keys/a');
  });

  test('has no byte where a link to it takes the place of a folder (R1340)', async () => {
    const [, other] = await walkedPast();
    await rename(join(folder, 'keys2'), join(root, 'old'));
    await symlink(join(folder, 'keys'), join(folder, 'keys2'));
    await expect(textOf(other as Source)).rejects.toThrow(SourceChanged);
  });

  test.each(['keys', 'keys/a', 'keys2/../keys', '../link/keys/a', 'to-key', 'b/password'])(
    'is refused by the name %s (R1340)',
    async (name) => {
      const refused = inSecrets(`${folder}/${name}`);
      await expect(refused).rejects.toThrow(SourceUnusable);
      await expect(refused).rejects.toThrow(
        `${folder}/${name} stays here: inband keeps passwords or keys in it`,
      );
    },
  );
});
