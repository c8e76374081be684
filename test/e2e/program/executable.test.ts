import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchNode } from '../../../build/fetch-node.js';
import { releaseOf, TARGETS } from '../../../build/nodes.js';
import {
  librariesOf,
  packageOf,
  prepareRoot,
  scriptWithin,
} from '../../support/containers/bare-root.js';
import {
  buildImage,
  type Container,
  commandOf,
  HAS_CONTAINERS,
  type Image,
  startContainer,
} from '../../support/containers/container.js';
import { prepareDebianRoot } from '../../support/containers/debian-root.js';
import { type DockerRun, dockerRuns } from '../../support/containers/dockerfile.js';
import { accountOf } from '../../support/programs/inband.js';
import { startOnTerminal } from '../../support/programs/terminal.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import { filesIn, hashOfFile, outcomeOf, prepareStage, resultsOf, writeRandom } from '../stage.js';
import { file, INSTALL_TIMEOUT_MS, ROOT, run, runs, startAs, version } from './installed.js';

/** Until when Node's own schedule has its releases maintained, as docs/install.md says it. */
const MAINTAINED: Partial<Record<string, string>> = {
  24: 'maintained until April 2028',
  26: 'maintained until April 2029',
};

const stage = prepareStage({ webSocket: true });
let prefix: string;
/** What the executable asks the system for. */
let libraries: string[];
let debianPackage: string;
/** What the executable has in it, and its license: each begins with a name, a version and a license. */
let notices: string[];

beforeAll(async () => {
  prefix = await mkdtemp(join(tmpdir(), 'inband-executable-'));
  const { stdout } = await run(process.execPath, ['build/executables.js', '--here'], { cwd: ROOT });
  await mkdir(join(prefix, 'alone'));
  await copyFile(stdout.trim(), join(prefix, 'alone/inband'));
  const text = await file('out/LICENSES.txt');
  notices = text.slice(text.indexOf('\n\n') + 2).split('\n\n---\n\n');
  if (HAS_PEERS) await packForDebian();
}, INSTALL_TIMEOUT_MS);
afterAll(() => rm(prefix, { recursive: true }));

async function packForDebian(): Promise<void> {
  libraries = await librariesOf(join(prefix, 'alone/inband'));
  const { stdout } = await run(process.execPath, ['build/debian.js'], { cwd: ROOT });
  const { stdout: machine } = await run('dpkg', ['--print-architecture']);
  debianPackage = stdout.split('\n').find((path) => path.endsWith(`_${machine.trim()}.deb`)) ?? '';
}

/** Runs the command of that folder of `prefix`, which has to do without anything on the path. */
const commandIn = (folder: string) => (name: string, args: string[]) =>
  startAs(stage, name, [join(prefix, folder, 'inband'), ...args], '');
const inband = commandIn('alone');

describe('the executable (R656, R997)', () => {
  runs(stage, inband);

  test('has its own license beside it, and that of each part of it (R1141)', async () => {
    const [head = ''] = notices;
    expect(head).toBe(`inband ${await version()} (MIT)\n\n${await file('LICENSE')}`);
    const installed = await file('dist/LICENSES.txt');
    expect(await file('out/LICENSES.txt')).toContain(installed.slice(installed.indexOf('\n\n')));
  });

  test('has beside it what Node says of itself, and of what is in it (R1141)', async () => {
    const [said = ''] = await resultsOf(inband('alice', ['--version']));
    const [, node] = /Node (\S+),/.exec(said) ?? [];
    const last = notices.at(-1) ?? '';
    expect(last.split('\n', 1)).toEqual([`Node.js ${node} (MIT and others)`]);
    for (const name of ['V8', 'OpenSSL', 'ICU', 'libuv', 'zlib', 'llhttp', 'undici', 'nghttp2'])
      expect(last).toMatch(new RegExp(`^- ${name}, located at .* is licensed as follows:$`, 'm'));
  });

  test('has a release of Node that is maintained, as docs/install.md says (R1145)', async () => {
    const [said] = await resultsOf(inband('alice', ['--version']));
    expect(said).toMatch(/\(Node 24\./);
    const page = (await file('docs/install.md')).replaceAll('\n', ' ');
    for (const release of new Set(TARGETS.map(releaseOf)))
      expect(page).toContain(`Node ${release}, ${MAINTAINED[release]}`);
  });

  test('has no other Node than the one that was chosen (R1145)', () => {
    const hash = `sha512-${'A'.repeat(86)}==`;
    const other = () => fetchNode('is-interactive', '2.0.0', hash);
    expect(other).toThrow('is-interactive@2.0.0 is not the one that was chosen: sha512-qP1vozQRI');
    expect(existsSync(join(ROOT, 'out/node/is-interactive-2.0.0'))).toBe(false);
  });

  test('sends by a WebSocket (R1120)', async () => {
    const source = join(stage.folder(), 'source');
    const hash = await writeRandom(source, 10_000);
    const bob = await stage.receive('bob', ['--once']);
    const { webSocketService } = stage.server;
    const args = ['send', '--service', webSocketService, source, 'bob@localhost'];
    await resultsOf(inband('alice', args));
    const [path = ''] = await resultsOf(bob);
    expect(await hashOfFile(path)).toBe(hash);
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
    const settings = await resultsOf(inband('alice', ['config']));
    expect(settings).toContainEqual(expect.stringMatching(/^send\.block-size +file +1000$/));
  });

  test.each(['bash', 'zsh', 'fish'])('prints the same script for %s', async (shell) => {
    const args = ['completion', shell];
    const script = await resultsOf(inband('alice', args));
    expect(script).toEqual(await resultsOf(stage.inband('alice', args)));
    expect(script.length).toBeGreaterThan(5);
  });

  test('completes words', async () => {
    const lines = await resultsOf(inband('alice', ['complete', '--', 'pub']));
    expect(lines).toEqual([expect.stringMatching(/^publish\t/)]);
  });

  test('prints its manual page', async () => {
    const [title] = await resultsOf(inband('alice', ['man']));
    expect(title).toMatch(/^\.TH INBAND 1 /);
  });
});

(HAS_PEERS ? describe : describe.skip)('the executable, where nothing else is (R1142)', () => {
  beforeAll(async () => {
    const root = join(prefix, 'empty');
    await prepareRoot(root, libraries);
    await mkdir(join(root, 'usr/bin'), { recursive: true });
    await copyFile(join(prefix, 'alone/inband'), join(root, 'usr/bin/inband'));
    expect(filesIn(root).map((path) => `/${path}`)).toEqual(
      [...libraries, '/etc/hosts', '/etc/nsswitch.conf', '/usr/bin/inband'].sort(),
    );
    await mkdir(join(prefix, 'within'));
    await writeFile(join(prefix, 'within/inband'), scriptWithin(root), { mode: 0o755 });
  });

  runs(stage, commandIn('within'));
});

(HAS_PEERS ? describe : describe.skip)('the Debian package (R760)', () => {
  let root: string;
  let installed: string[];

  // A system with nothing in it but the libraries that the package asks for.
  beforeAll(async () => {
    root = join(prefix, 'root');
    await prepareRoot(root, libraries);
    await dpkg('--install', debianPackage);
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

  runs(stage, commandIn('debian'));

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

(HAS_CONTAINERS ? describe : describe.skip)('the container that the Dockerfile makes', () => {
  const volumes: Record<string, string> = {};
  /** Where that of its user's home is on the machine. */
  let home: string;
  const running: Container[] = [];
  let image: Image;
  let commands: DockerRun[];

  beforeAll(async () => {
    const root = join(prefix, 'image');
    await mkdir(root);
    await prepareDebianRoot(root);
    image = await buildImage(await file('Dockerfile'), ROOT, root);
    commands = dockerRuns(await file('docs/install.md'));
    // A volume begins as what is at its place in the image.
    for (const path of image.volumes) {
      volumes[path] = join(prefix, `volume${path.replaceAll('/', '-')}`);
      await run('cp', ['--archive', join(root, path), volumes[path]]);
    }
    home = join(prefix, 'volume-var-lib-inband');
    await copyFile(stage.server.caPath, join(home, 'ca.pem'));
  }, INSTALL_TIMEOUT_MS);
  afterEach(() => Promise.all(running.splice(0).map((one) => one.stop('SIGKILL'))));

  /** Starts it as docs/install.md says. */
  async function receive(): Promise<Container> {
    const [, { args, paths, isReadOnly }] = commands as [DockerRun, DockerRun];
    expect(paths.sort()).toEqual([...image.volumes].sort());
    const one = startContainer(image, { args, volumes, isReadOnly });
    running.push(one);
    await one.line(/^online as bob@localhost\/inband$/, 'stderr');
    return one;
  }

  /** Sends a file to it, for one who holds it to the key that it had before. */
  async function expectArrival(bob: Container): Promise<void> {
    const source = join(stage.folder(), 'source');
    const hash = await writeRandom(source, 100_000);
    const args = ['send', '--encrypt', 'require', source, 'bob@localhost'];
    await resultsOf(stage.inband('alice', args));
    const [, name = ''] = await bob.line(/^\/inbox\/(source.*)$/);
    const arrived = join(prefix, 'volume-inbox', name);
    expect(await hashOfFile(arrived)).toBe(hash);
    expect((await stat(arrived)).uid).toBe(1000);
  }

  test('is logged in once, and keeps the password in a volume, for its user alone (R1143)', async () => {
    const [{ args, paths }] = commands as [DockerRun];
    expect(args).toEqual(['login', 'juliet@example.org']);
    expect(paths).toEqual([image.user.home]);
    const more = ['--service', stage.server.service, '--tls-ca', join(image.user.home, 'ca.pem')];
    const { command, env } = commandOf(image, {
      ...{ args: ['login', 'bob@localhost', ...more], isReadOnly: true },
      volumes: { [image.user.home]: home },
    });
    const login = startOnTerminal(command, { env: { ...env, TERM: 'xterm' } });
    await login.shows(/Password for bob@localhost: /);
    login.type(`${stage.server.account('bob').password}\r`);
    await login.shows(/Number \(Enter: 1\): /);
    login.type('1\r');
    expect(await login.exited).toEqual({ code: 0, signal: null });
    const path = join(home, '.config/inband/bob.password');
    const { uid, mode } = await stat(path);
    expect([uid, mode & 0o777]).toEqual([Number(image.user.uid), 0o600]);
  });

  test('receives, encrypted, without any privileges, and is the same to others when it is made anew (R1144)', async () => {
    const bob = await receive();
    const status = await readFile(`/proc/${await bob.pid()}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    await expectArrival(bob);
    expect(await bob.stop()).toEqual({ code: 143, signal: null });
    const anew = await receive();
    await expectArrival(anew);
    await anew.stop();
  });

  test('says whether it lives, and ends when it is told to (R1144)', async () => {
    const bob = await receive();
    expect(await outcomeOf(bob.exec(image.health))).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await bob.stop()).toEqual({ code: 143, signal: null });
    const [, ...args] = image.health;
    const nobody = startContainer(image, { args, volumes });
    expect(await outcomeOf(nobody)).toMatchObject({ code: 10, stdout: '' });
  });
});
