import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accountOf } from '../support/inband.js';
import { type Running, start } from '../support/process.js';
import { filesIn, hashOfFile, outcomeOf, prepareStage, resultsOf, writeRandom } from './stage.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const INSTALL_TIMEOUT_MS = 180_000;
const run = promisify(execFile);

const stage = prepareStage();
let prefix: string;

// `npm test` has built dist/ already; to build it again would take it from under other tests.
beforeAll(async () => {
  prefix = await mkdtemp(join(tmpdir(), 'inband-package-'));
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', prefix], { cwd: ROOT });
  const [tarball = ''] = await readdir(prefix);
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', ['install', '-g', '--prefix', prefix, ...flags, join(prefix, tarball)]);
}, INSTALL_TIMEOUT_MS);
afterAll(() => rm(prefix, { recursive: true }));

/** Runs the command by its name, as a shell finds it. */
function inband(name: string, args: string[]): Running {
  const PATH = `${join(prefix, 'bin')}:${process.env.PATH}`;
  const env = { PATH, HOME: stage.home(name), ...accountOf(stage.server, name) };
  return start('inband', args, { env, cwd: stage.folder(), stdin: '' });
}

test('the installed command prints its version', async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect(await outcomeOf(inband('alice', ['--version']))).toEqual({
    ...{ code: 0, stdout: `${version}\n`, stderr: '' },
  });
});

test('the installed command sends and receives', async () => {
  const source = join(stage.folder(), 'source');
  const hash = await writeRandom(source, 100_000);
  const bob = inband('bob', ['receive', '--once']);
  await bob.line(/^online as /, 'stderr');
  await resultsOf(inband('alice', ['send', source, 'bob@localhost']));
  const [path = ''] = await resultsOf(bob);
  expect(await hashOfFile(path)).toBe(hash);
});

test('the package holds what runs, and nothing else', () => {
  const files = filesIn(join(prefix, 'lib/node_modules/inband')).filter(
    (path) => !path.startsWith('node_modules/'),
  );
  const others = files.filter((path) => !/^(bin|dist)\//.test(path));
  expect(others).toEqual(expect.arrayContaining(['LICENSE', 'package.json']));
  const allowed = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
  expect(others.filter((path) => !allowed.includes(path))).toEqual([]);
});
