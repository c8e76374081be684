import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ownHints } from '../../../src/session/hints.js';
import { statNamed } from '../../../src/transfer/sources/named-files.js';
import { openSources } from '../../../src/transfer/sources/open-sources.js';
import type { OpenSource } from '../../../src/transfer/sources/source.js';
import { SourceUnusable } from '../../../src/transfer/sources/source.js';
import { openBelow } from '../../support/open-files.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-sources-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What is known of a file, and all that is read of it. */
async function opened(path: string) {
  const [source] = (await openSources([path], { stdin: process.stdin })) as OpenSource[];
  if (!source) throw new Error('no source');
  const chunks: Buffer[] = [];
  for await (const chunk of source.read(0)) chunks.push(chunk);
  await source.close();
  return { size: source.size, date: source.date, bytes: Buffer.concat(chunks) };
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('nothing stays open where one cannot be opened, or looked at (R436)', async () => {
  const paths = ['one', 'two'].map((name) => join(folder, name));
  for (const path of paths) await writeFile(path, path);
  const open = (last: string) => openSources([...paths, last], { stdin: process.stdin });
  await expect(open(join(folder, 'none'))).rejects.toThrow('ENOENT');
  await expect(open(`/proc/${process.pid}/mem`)).rejects.toThrow('EIO');
  expect([openBelow(folder), openBelow(`/proc/${process.pid}/mem`)]).toEqual([[], []]);
});

test('who ends it while they are opened has them opened no further (R433)', async () => {
  const interrupt = new AbortController();
  const input = { stdin: process.stdin };
  const opening = openSources([folder], input, interrupt.signal);
  interrupt.abort(new Error('enough'));
  await expect(opening).rejects.toThrow('enough');
});

describe('a file', () => {
  onLinux.each(['/proc/version', '/sys/kernel/mm/transparent_hugepage/enabled'])(
    '%s, whose size says nothing, is sent as a stream is (R81)',
    async (path) => {
      const { size, date, bytes } = await opened(path);
      expect({ size, date }).toEqual({});
      expect(bytes.length).toBeGreaterThan(0);
    },
  );

  test.each([0, 1, 65_536, 65_537])('of %d bytes has this size', async (size) => {
    const path = join(folder, `${size}`);
    await writeFile(path, Buffer.alloc(size, 1));
    expect(await opened(path)).toMatchObject({ size, bytes: Buffer.alloc(size, 1) });
  });

  test('of which most is a hole has its size', async () => {
    const path = join(folder, 'hole');
    await writeFile(path, '');
    await truncate(path, 60_000);
    expect((await opened(path)).size).toBe(60_000);
  });

  test('whose date is before 1970 has none (R81)', async () => {
    const path = join(folder, 'old');
    await writeFile(path, 'old');
    await utimes(path, new Date(-86_400_000), new Date(-86_400_000));
    expect(await opened(path)).toMatchObject({ size: 3, date: undefined });
  });

  onLinux('whose name is not UTF-8 is said to be that, and how it is sent (R81)', async () => {
    await promisify(execFile)('sh', ['-c', 'printf x > "$(printf "caf\\351.txt")"'], {
      cwd: folder,
    });
    const open = openSources([join(folder, 'caf\ufffd.txt')], { stdin: process.stdin });
    await expect(open).rejects.toThrow(SourceUnusable);
    const why = await open.catch((error) => error);
    expect(why.message).toMatch(
      /^the name ".*" is not UTF-8, and files of such names cannot be opened$/,
    );
    expect(ownHints(why)).toEqual(['inband send --name <name> - < the file']);
    const other = await statNamed('caf\ufffd.txt', 'rename the file').catch((error) => error);
    expect([other.message, ownHints(other)]).toEqual([
      'the name "caf\ufffd.txt" is not UTF-8, and files of such names cannot be opened',
      ['rename the file'],
    ]);
  });
});

test('a pattern that the shell has left as it is fits nothing, and that is said (R1083)', async () => {
  for (const [name, hints] of [
    ['*.zip', ['nothing has such a name']],
    ['a.zip', []],
  ] as const) {
    const why = await openSources([name], { stdin: process.stdin }).catch((error) => error);
    expect([why.code, ownHints(why)]).toEqual(['ENOENT', hints]);
  }
});

onLinux('hundreds of files do not stay open, and each is read all the same (R148)', async () => {
  const paths = Array.from({ length: 300 }, (_, index) => join(folder, `many-${index}`));
  for (const path of paths) await writeFile(path, path);
  const openFiles = () => readdirSync('/proc/self/fd').length;
  const before = openFiles();
  const sources = (await openSources(paths, { stdin: process.stdin })) as OpenSource[];
  expect(openFiles() - before).toBeLessThan(250);
  for (const index of [0, 299]) {
    const chunks: Buffer[] = [];
    for await (const chunk of sources[index]?.read(0) ?? []) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe(paths[index]);
  }
  await Promise.all(sources.map((source) => source.close()));
  expect(openFiles()).toBe(before);
  await rm(paths[299] as string);
  await promisify(execFile)('mkfifo', [paths[299] as string]);
  await expect(sources[299]?.read(0)[Symbol.asyncIterator]().next()).rejects.toThrow(
    `${paths[299]} is no file any more`,
  );
});
