import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchNode } from '../../../build/fetch-node.js';
import { filesIn, prepareStage } from '../stage.js';
import { INSTALL_TIMEOUT_MS, ROOT, run, runs, startAs } from './installed.js';

/** The oldest Node that the package takes, and its packages on npm, by their hashes: macOS has none there. */
const FLOOR = '20.10.0';
const FLOORS: Partial<Record<string, string>> = {
  x64: 'sha512-JXLEM726l5j6rkmekxJjtZV5a80HyQYjZFwOEB+PkuqqlOU07kAGuyS6cRMauQcdsl6Yis0PGzqgoEN1YtcXug==',
  arm64:
    'sha512-QFTAQhzku76mXRBLtzRznV5sJqi0DguBRfCBYq5uQlZbznZxOjU2pfndK33w+X8srATun9yak5hBJODjSTmqPg==',
};

const stage = prepareStage();
let prefix: string;

beforeAll(async () => {
  prefix = await mkdtemp(join(tmpdir(), 'inband-package-'));
});
afterAll(() => rm(prefix, { recursive: true }));

/** Runs the command of that folder of `prefix`; its launcher looks for Node on the path. */
const commandIn = (folder: string) => (name: string, args: string[]) =>
  startAs(stage, name, [join(prefix, folder, 'inband'), ...args], process.env.PATH);

describe('the installed command (R656, R997)', () => {
  // `npm test` has built dist/ already; to build it again would take it from under other tests.
  beforeAll(async () => {
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', prefix], { cwd: ROOT });
    const [tarball = ''] = (await readdir(prefix)).filter((name) => name.endsWith('.tgz'));
    const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['install', '-g', '--prefix', prefix, ...flags, join(prefix, tarball)]);
  }, INSTALL_TIMEOUT_MS);

  runs(stage, commandIn('bin'));

  const floor = FLOORS[process.arch];
  if (process.platform === 'linux' && floor) {
    describe(`on Node ${FLOOR}, the oldest that the package takes,`, () => {
      beforeAll(async () => {
        const folder = fetchNode(`node-linux-${process.arch}`, FLOOR, floor);
        const { stdout } = await run(join(folder, 'bin/node'), ['--version']);
        expect(stdout).toBe(`v${FLOOR}\n`);
        const program = join(prefix, 'lib/node_modules/inband/bin/inband.js');
        await mkdir(join(prefix, 'floor'));
        const script = `#!/bin/sh\nexec '${folder}/bin/node' '${program}' "$@"\n`;
        await writeFile(join(prefix, 'floor/inband'), script, { mode: 0o755 });
      }, INSTALL_TIMEOUT_MS);

      test('is what package.json says (R868)', async () => {
        const { engines } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
        expect(`${engines.node}.0`).toBe(`>=${FLOOR}`);
      });

      runs(stage, commandIn('floor'));
    });
  }

  test('has its manual page where man looks for it', async () => {
    const page = await readFile(join(prefix, 'share/man/man1/inband.1'), 'utf8');
    expect(page).toMatch(/^\.TH INBAND 1 /);
  });

  test('comes with what runs, and nothing else', () => {
    const files = filesIn(join(prefix, 'lib/node_modules/inband')).filter(
      (path) => !path.startsWith('node_modules/'),
    );
    const others = files.filter((path) => !/^(bin|dist|docs)\//.test(path));
    expect(others).toEqual(expect.arrayContaining(['LICENSE', 'package.json']));
    const allowed = ['CHANGELOG.md', 'LICENSE', 'README.md', 'inband.1', 'package.json'];
    expect(others.filter((path) => !allowed.includes(path))).toEqual([]);
  });
});
