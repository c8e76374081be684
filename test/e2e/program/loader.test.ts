import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LOADER } from '../../../build/loader.js';
import { runInband } from '../../support/programs/inband.js';
import { ROOT } from './installed.js';

const MESSAGE = 'later.cjs is not of this build: install inband anew';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-loader-'));
  for (const part of ['bin', 'dist', 'package.json']) {
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  }
});

afterAll(() => rm(folder, { recursive: true }));

test.each<[string, (text: string) => string | undefined]>([
  ['absent', () => undefined],
  ['empty', () => ''],
  ['cut short', (text) => text.slice(0, text.indexOf('\n') + 100)],
  ['without its last byte', (text) => text.slice(0, -1)],
  ['without a list of its parts', (text) => `//{}${text.slice(text.indexOf('\n'))}`],
  [
    'of another build with parts of this one',
    (text) => text.replace(/"build":"\w+"/, '"build":"1"'),
  ],
  ['no part of the program', () => 'throw new Error("too late");\n'],
])(
  'a program whose later.cjs is %s says so, and what helps, in one line (R1265, R1273)',
  async (_what, change) => {
    const path = join(folder, 'dist/later.cjs');
    const changed = change(await readFile(join(ROOT, 'dist/later.cjs'), 'latin1'));
    await rm(path, { force: true, recursive: true });
    if (changed !== undefined) await writeFile(path, changed, 'latin1');
    const launcher = join(folder, 'bin/inband.js');
    const running = runInband(['config'], { home: folder, launcher });
    expect((await running.exited).code).toBe(1);
    expect(running.stderr()).toBe(`inband: ${MESSAGE}\n`);
    expect(running.stdout()).toBe('');
  },
);

test.each<[string, (path: string) => Promise<unknown>, string]>([
  ['a folder', (path) => mkdir(path), 'cannot read PATH: illegal operation on a directory'],
  [
    'no end of links',
    (path) => symlink(path, path),
    'cannot open PATH: too many symbolic links encountered',
  ],
])(
  'a program whose later.cjs cannot be read, as it is %s, says why in one line, and not that it is of another build (R1311)',
  async (_what, make, message) => {
    const path = join(folder, 'dist/later.cjs');
    await rm(path, { force: true, recursive: true });
    await make(path);
    const launcher = join(folder, 'bin/inband.js');
    const running = runInband(['config'], { home: folder, launcher });
    expect((await running.exited).code).toBe(1);
    expect(running.stderr()).toBe(`inband: ${message.replace('PATH', path)}\n`);
    expect(running.stdout()).toBe('');
  },
);

/** The loader, of a build whose later.cjs is read by this. */
function loaderReading(read: () => string) {
  const own = createRequire(import.meta.url);
  const reading = (name: string) => (name === 'node:fs' ? { readFileSync: read } : own(name));
  const make = new Function('build', 'parts', 'require', '__dirname', `${LOADER}return load;`);
  return make('1', {}, reading, folder) as (name: string) => unknown;
}

test('what keeps later.cjs from being read is told as it is, and it is read anew (R1311)', () => {
  const code = 'EMFILE';
  const failure = Object.assign(new Error(`${code}: too many open files`), {
    code,
    syscall: 'open',
  });
  let count = 0;
  const load = loaderReading(() => {
    count += 1;
    throw failure;
  });
  expect(() => load('late')).toThrow(failure);
  expect(() => load('late')).toThrow(failure);
  expect(count).toBe(2);
});

test('why later.cjs is of no use is kept as the cause (R1311)', () => {
  const load = loaderReading(() => '//{\n');
  expect(() => load('late')).toThrow(
    expect.objectContaining({ message: MESSAGE, cause: expect.any(SyntaxError) }),
  );
});

test('a part that throws while it runs is run anew when it is asked for again (R1266)', () => {
  let count = 0;
  const parts = {
    flaky: (part: { exports: unknown }) => {
      part.exports = 'half made';
      count += 1;
      if (count === 1) throw new Error('not yet');
      part.exports = 'whole';
    },
  };
  const load = new Function('parts', 'require', '__dirname', `${LOADER}return load;`)(
    parts,
    createRequire(import.meta.url),
    folder,
  );
  expect(() => load('flaky')).toThrow('not yet');
  expect(load('flaky')).toBe('whole');
  expect(load('flaky')).toBe('whole');
  expect(count).toBe(2);
});
