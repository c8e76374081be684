import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchNode } from '../../../build/fetch-node.js';
import {
  librariesOf,
  packageOf,
  prepareRoot,
  scriptWithin,
} from '../../support/programs/bare-root.js';
import { accountOf } from '../../support/programs/inband.js';
import { type Running, start } from '../../support/programs/process.js';
import { startOnTerminal } from '../../support/programs/terminal.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import {
  filesIn,
  hashOfFile,
  outcomeOf,
  prepareStage,
  resultsOf,
  sha256,
  writeRandom,
} from '../stage.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const INSTALL_TIMEOUT_MS = 180_000;
const run = promisify(execFile);

/** The oldest Node that the package takes, and its packages on npm, by their hashes: macOS has none there. */
const FLOOR = '20.10.0';
const FLOORS: Partial<Record<string, string>> = {
  x64: 'sha512-JXLEM726l5j6rkmekxJjtZV5a80HyQYjZFwOEB+PkuqqlOU07kAGuyS6cRMauQcdsl6Yis0PGzqgoEN1YtcXug==',
  arm64:
    'sha512-QFTAQhzku76mXRBLtzRznV5sJqi0DguBRfCBYq5uQlZbznZxOjU2pfndK33w+X8srATun9yak5hBJODjSTmqPg==',
};

const stage = prepareStage();
let prefix: string;
/** What is in the executable of others, and its license: each begins with a name, a version and a license. */
let notices: string[];

beforeAll(async () => {
  prefix = await mkdtemp(join(tmpdir(), 'inband-package-'));
  const { stdout } = await run(process.execPath, ['build/executables.js', '--here'], { cwd: ROOT });
  await mkdir(join(prefix, 'alone'));
  await copyFile(stdout.trim(), join(prefix, 'alone/inband'));
  const text = await file('out/LICENSES.txt');
  notices = text.slice(text.indexOf('\n\n') + 2).split('\n\n---\n\n');
}, INSTALL_TIMEOUT_MS);
afterAll(() => rm(prefix, { recursive: true }));

const file = async (path: string) => (await readFile(join(ROOT, path), 'utf8')).trimEnd();
const version = async (): Promise<string> => JSON.parse(await file('package.json')).version;

/** The command, by its name in that folder of `prefix`, in an empty folder, with a home that is empty at first. */
function inband(folder: string, name: string, args: string[]): Running {
  // Only the launcher asks for `node`; the executable has to do without anything on the path.
  const PATH = folder === 'bin' ? `${join(prefix, folder)}:${process.env.PATH}` : '';
  const env = { PATH, HOME: stage.home(name), ...accountOf(stage.server, name) };
  return start(join(prefix, folder, 'inband'), args, { env, cwd: stage.folder(), stdin: '' });
}

/** The same of both, in the folder of the one or the other. */
function runs(folder: string): void {
  test('prints its version, and what it runs on (R997)', async () => {
    expect(await outcomeOf(inband(folder, 'alice', ['--version']))).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: expect.stringMatching(
        new RegExp(`^${await version()} \\(Node \\d+\\.\\d+\\.\\d+, linux x64\\)\n$`),
      ),
    });
  });

  test('sends and receives, encrypted (R656)', async () => {
    const source = join(stage.folder(), 'source');
    const hash = await writeRandom(source, 100_000);
    const require = ['--encrypt', 'require'];
    const bob = inband(folder, 'bob', ['receive', '--once', ...require]);
    await bob.line(/^online as /, 'stderr');
    await resultsOf(inband(folder, 'alice', ['send', ...require, source, 'bob@localhost']));
    const [path = ''] = await resultsOf(bob);
    expect(await hashOfFile(path)).toBe(hash);
  });

  test('publishes and fetches a blob', async () => {
    const source = join(stage.folder(), 'source.png');
    const hash = await writeRandom(source, 1000);
    const serving = inband(folder, 'bob', ['publish', '--serve', source]);
    await serving.line(/^online as /, 'stderr');
    const cid = `sha-256+${hash}@bob.xmpp.org`;
    const args = ['fetch', cid, '--from', 'bob@localhost', '-o', '-'];
    const fetching = inband(folder, 'alice', args);
    expect(await outcomeOf(fetching)).toMatchObject({ code: 0 });
    expect(sha256(fetching.stdoutBytes())).toBe(hash);
    await serving.stop('SIGTERM');
  });
}

describe('the installed command', () => {
  // `npm test` has built dist/ already; to build it again would take it from under other tests.
  beforeAll(async () => {
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', prefix], { cwd: ROOT });
    const [tarball = ''] = (await readdir(prefix)).filter((name) => name.endsWith('.tgz'));
    const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['install', '-g', '--prefix', prefix, ...flags, join(prefix, tarball)]);
  }, INSTALL_TIMEOUT_MS);

  runs('bin');

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

      runs('floor');
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

describe('the executable', () => {
  runs('alone');

  test('has its own license beside it, and that of each part of it (R1141)', async () => {
    const [head = ''] = notices;
    expect(head).toBe(`inband ${await version()} (MIT)\n\n${await file('LICENSE')}`);
    const installed = await file('dist/LICENSES.txt');
    expect(await file('out/LICENSES.txt')).toContain(installed.slice(installed.indexOf('\n\n')));
  });

  test('has beside it what Node says of itself, and of what is in it (R1141)', async () => {
    const [said = ''] = await resultsOf(inband('alone', 'alice', ['--version']));
    const [, node] = /Node (\S+),/.exec(said) ?? [];
    const last = notices.at(-1) ?? '';
    expect(last.split('\n', 1)).toEqual([`Node.js ${node} (MIT and others)`]);
    for (const name of ['V8', 'OpenSSL', 'ICU', 'libuv', 'zlib', 'llhttp', 'undici', 'nghttp2'])
      expect(last).toMatch(new RegExp(`^- ${name}, located at .* is licensed as follows:$`, 'm'));
  });

  test('shows a bar at a terminal', async () => {
    const source = join(stage.folder(), 'source');
    await writeRandom(source, 1_000_000);
    await stage.receive('bob');
    const command = [join(prefix, 'alone/inband'), 'send', source, 'bob@localhost'];
    const env = { HOME: stage.home('alice'), TERM: 'xterm', ...accountOf(stage.server, 'alice') };
    const sending = startOnTerminal(command, { env });
    expect(await sending.exited).toEqual({ code: 0, signal: null });
    expect(sending.output()).toMatch(/\d% \[[=-]+\].* source/);
  });

  test('reads settings', async () => {
    const folder = join(stage.home('alice'), '.config/inband');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'config.toml'), '[send]\nblock-size = 1000\n');
    const settings = await resultsOf(inband('alone', 'alice', ['config']));
    expect(settings).toContainEqual(expect.stringMatching(/^send\.block-size +file +1000$/));
  });

  test.each(['bash', 'zsh', 'fish'])('prints the same script for %s', async (shell) => {
    const args = ['completion', shell];
    const script = await resultsOf(inband('alone', 'alice', args));
    expect(script).toEqual(await resultsOf(stage.inband('alice', args)));
    expect(script.length).toBeGreaterThan(5);
  });

  test('completes words', async () => {
    const lines = await resultsOf(inband('alone', 'alice', ['complete', '--', 'pub']));
    expect(lines).toEqual([expect.stringMatching(/^publish\t/)]);
  });

  test('prints its manual page', async () => {
    const [title] = await resultsOf(inband('alone', 'alice', ['man']));
    expect(title).toMatch(/^\.TH INBAND 1 /);
  });
});

(HAS_PEERS ? describe : describe.skip)('the Debian package (R760)', () => {
  let root: string;
  let libraries: string[];
  let installed: string[];

  // A system with nothing in it but the libraries that the package asks for.
  beforeAll(async () => {
    const { stdout } = await run(process.execPath, ['build/debian.js'], { cwd: ROOT });
    const { stdout: machine } = await run('dpkg', ['--print-architecture']);
    const made = stdout.split('\n').find((path) => path.endsWith(`_${machine.trim()}.deb`)) ?? '';
    root = join(prefix, 'root');
    libraries = await librariesOf(join(prefix, 'alone/inband'));
    await prepareRoot(root, libraries);
    await dpkg('--install', made);
    const { stdout: list } = await dpkg('--listfiles', 'inband');
    installed = list.trim().split('\n');
    await mkdir(join(prefix, 'debian'));
    await writeFile(join(prefix, 'debian/inband'), scriptWithin(root), { mode: 0o755 });
  }, INSTALL_TIMEOUT_MS);

  const dpkg = (...args: string[]) =>
    run('dpkg', [
      `--root=${root}`,
      '--force-not-root',
      '--force-bad-path',
      '--force-depends',
      ...args,
    ]);

  runs('debian');

  test('asks for all libraries that are not in it', async () => {
    const { stdout } = await dpkg('--status', 'inband');
    const [, depends = ''] = /^Depends: (.*)$/m.exec(stdout) ?? [];
    const packages = await Promise.all(libraries.map(packageOf));
    expect(packages).toContain('libstdc++6');
    for (const name of packages) expect(depends).toContain(name);
  });

  test.each([
    ['the manual page', '/usr/share/man/man1/inband.1.gz'],
    ['completion for bash', '/usr/share/bash-completion/completions/inband'],
    ['completion for zsh', '/usr/share/zsh/vendor-completions/_inband'],
    ['completion for fish', '/usr/share/fish/vendor_completions.d/inband.fish'],
    ['a service', '/usr/lib/systemd/user/inband.service'],
  ])('brings %s', async (_, path) => {
    expect(installed).toContain(path);
    expect((await readFile(join(root, path))).length).toBeGreaterThan(0);
  });

  test('brings all notices in the form that Debian has for them (R1141)', async () => {
    const path = join(root, 'usr/share/doc/inband/copyright');
    const [head = '', ...parts] = (await readFile(path, 'utf8')).trimEnd().split('\n\n');
    expect(head).toMatch(
      /^Format: https:\/\/www\.debian\.org\/doc\/packaging-manuals\/copyright-format\/1\.0\/\n/,
    );
    const fields = parts.map((part) => part.match(/^\S+?(?=:)/gm));
    expect(new Set(fields.map(String))).toEqual(new Set(['Files,Copyright,License,Comment']));
    const read = parts.map((part) => {
      const [, text = '', name = ''] = /^License: .*\n([\s\S]*)\nComment: (.*)$/m.exec(part) ?? [];
      return [name, text.replace(/^ \.?/gm, '')];
    });
    const there = notices.map((notice) => {
      const [, name = '', text = ''] = /^(.*) \(.*\)\n\n([\s\S]*)$/.exec(notice.trimEnd()) ?? [];
      return [name, text.replace(/[ \r]+$/gm, '')];
    });
    expect(read).toEqual(there);
    for (const part of parts) expect(part).toMatch(/^Copyright:\n Copyright /m);
  });

  test('runs its own program as a service', async () => {
    const unit = await readFile(join(root, 'usr/lib/systemd/user/inband.service'), 'utf8');
    expect(unit).toMatch(/^ExecStart=\/usr\/bin\/inband receive /m);
  });

  test('leaves nothing when it is removed', async () => {
    await dpkg('--remove', 'inband');
    const left = installed.filter(
      (path) => path.includes('inband') && existsSync(join(root, path)),
    );
    expect(left).toEqual([]);
  });
});
