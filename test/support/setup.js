// Puts in place what the demo or the tests need: `node test/support/setup.js demo|test`. It runs
// before anything is installed, hence Node's own modules alone; it is silent when all is there.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {() => boolean} present
 * @property {string[]} apt Debian's packages.
 * @property {string} [brew] Homebrew's formula; where there is none, only Debian and its kin use it.
 * @property {string[]} [services] What the packages start, and nobody asked for.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ON_DEBIAN = existsSync('/etc/debian_version');
const FIND_PEERS =
  'from importlib.util import find_spec; print(all(map(find_spec, ["slixmpp", "aioxmpp"])))';
const FIND_PURPLE = 'from ctypes.util import find_library; print(find_library("purple"))';
const FIND_NOISE = 'from importlib.util import find_spec; print(bool(find_spec("dissononce")))';
const NOISE_VECTORS = '/usr/share/gocode/src/github.com/flynn/noise/vectors.txt';

/** @type {Program[]} */
const EVERYWHERE = [
  {
    name: 'Prosody',
    present: () => onPath('prosody'), // `prosody --version` would start a server
    apt: ['prosody'],
    brew: 'prosody/prosody/prosody',
    services: ['prosody'],
  },
  {
    name: 'OpenSSL 3',
    present: () => /^OpenSSL [3-9]/.test(outputOf('openssl', 'version')),
    apt: ['openssl'],
    brew: 'openssl@3',
  },
];

/** @type {Program[]} */
const ON_DEBIAN_ONLY = [
  {
    name: 'ejabberd',
    present: () => existsSync('/usr/sbin/ejabberdctl'),
    apt: ['ejabberd'],
    services: ['ejabberd', ...(existsSync('/usr/bin/epmd') ? [] : ['epmd.socket', 'epmd'])],
  },
  {
    name: 'slixmpp and aioxmpp for Python',
    present: () => outputOf('/usr/bin/python3', '-c', FIND_PEERS).startsWith('True'),
    apt: ['python3-slixmpp', 'python3-aioxmpp'],
  },
  {
    name: 'libpurple',
    present: () => outputOf('/usr/bin/python3', '-c', FIND_PURPLE).startsWith('libpurple'),
    apt: ['libpurple0'],
  },
  {
    name: 'iproute2',
    present: () => onPath('ip') || existsSync('/usr/sbin/ip'),
    apt: ['iproute2'],
  },
  { name: 'nftables', present: () => existsSync('/usr/sbin/nft'), apt: ['nftables'] },
  { name: 'go-sendxmpp', present: () => onPath('go-sendxmpp'), apt: ['go-sendxmpp'] },
  {
    name: 'dissononce for Python',
    present: () => outputOf('/usr/bin/python3', '-c', FIND_NOISE).startsWith('True'),
    apt: ['python3-dissononce'],
  },
  {
    name: 'the vectors of flynn/noise',
    present: () => existsSync(NOISE_VECTORS),
    apt: ['golang-github-flynn-noise-dev'],
  },
];

/** @type {Program[]} What has the name of its package. */
const FOR_TESTS = [
  ...['zsh', 'fish', 'mandoc', 'jq'].map((name) => ({
    ...{ name, present: () => onPath(name), apt: [name], brew: name },
  })),
  { name: 'GnuPG', present: () => onPath('gpg'), apt: ['gnupg'], brew: 'gnupg' },
  { name: 'pass', present: () => onPath('pass'), apt: ['pass'], brew: 'pass' },
  {
    name: 'microsocks',
    present: () => onPath('microsocks'),
    apt: ['microsocks'],
    brew: 'microsocks',
  },
  {
    name: 'tinyproxy',
    present: () => onPath('tinyproxy'),
    apt: ['tinyproxy-bin'],
    brew: 'tinyproxy',
  },
];

/** @param {string | undefined} purpose */
function main(purpose) {
  if (purpose !== 'demo' && purpose !== 'test') fail('usage: node test/support/setup.js demo|test');
  ensureNodeModules();
  const more = purpose === 'test' ? FOR_TESTS : [];
  const onDebian = purpose === 'test' && ON_DEBIAN ? ON_DEBIAN_ONLY : [];
  ensurePrograms([...EVERYWHERE, ...more, ...onDebian]);
  if (purpose === 'test' && !ON_DEBIAN) {
    const left =
      'not on Debian: the suites that need ejabberd, slixmpp, aioxmpp, libpurple and Noise are left out';
    if (process.env.CI) fail(left);
    say(left);
  }
}

/** @param {Program[]} programs */
function ensurePrograms(programs) {
  const missing = programs.filter(({ present }) => !present());
  if (missing.length === 0) return;
  const commands = installCommands(missing);
  say(`installing ${namesOf(missing)}`);
  for (const command of commands) {
    if (!run(command)) fail(`missing: ${namesOf(missing)}; this failed: ${command.join(' ')}`);
  }
  stopServices(missing.flatMap(({ services }) => services ?? []));
  const still = missing.filter(({ present }) => !present());
  if (still.length > 0) fail(`installed, and yet not found: ${namesOf(still)}`);
}

/**
 * @param {Program[]} missing
 * @returns {string[][]}
 */
function installCommands(missing) {
  const lacking = `missing: ${namesOf(missing)}`;
  if (ON_DEBIAN) {
    const packages = missing.flatMap(({ apt }) => apt);
    const install = ['apt-get', 'install', '-q', '-y', '--no-install-recommends', ...packages];
    if (!isRoot() && !onPath('sudo')) fail(`${lacking}; as root: ${install.join(' ')}`);
    return [
      asRoot('apt-get', 'update', '-q'),
      asRoot('env', 'DEBIAN_FRONTEND=noninteractive', ...install),
    ];
  }
  const install = ['brew', 'install', ...missing.flatMap(({ brew }) => brew ?? [])];
  if (!onPath('brew')) fail(`${lacking}; with Homebrew (https://brew.sh): ${install.join(' ')}`);
  return [install];
}

/**
 * Stops what Debian's packages have just started, now and at the next boot.
 * @param {string[]} services
 */
function stopServices(services) {
  if (!ON_DEBIAN || services.length === 0) return;
  if (existsSync('/run/systemd/system')) {
    run(asRoot('systemctl', 'disable', '--now', ...services));
    return;
  }
  for (const service of services.filter((name) => existsSync(`/etc/init.d/${name}`))) {
    run(asRoot('service', service, 'stop'));
    run(asRoot('update-rc.d', service, 'disable'));
  }
  if (services.includes('epmd')) run(asRoot('epmd', '-kill')); // a part of Erlang, not a service here
}

function ensureNodeModules() {
  const manifest = readJson('package.json');
  const lock = readJson('package-lock.json');
  const installed = readJson('node_modules/.package-lock.json');
  const lockIsCurrent = ['dependencies', 'devDependencies'].every((kind) =>
    isDeepStrictEqual(lock?.packages[''][kind], manifest[kind]),
  );
  if (lockIsCurrent && installed && isInstalled(lock.packages, installed.packages)) return;
  if (!lockIsCurrent && process.env.CI) fail('package-lock.json does not fit package.json');
  const command = lockIsCurrent ? exactInstall(lock.packages) : ['npm', 'install'];
  say(`running ${command.join(' ')}`);
  if (!run([...command, '--ignore-scripts', '--no-audit', '--no-fund'])) {
    fail(`the packages of package.json are missing; this failed: ${command.join(' ')}`);
  }
}

/**
 * Whether npm's record of node_modules agrees with the lock file; optional packages, most of them for
 * other systems, may be absent.
 * @param {Record<string, any>} locked
 * @param {Record<string, any>} installed
 */
function isInstalled({ '': _, ...locked }, installed) {
  const known = Object.keys(installed).every((path) => Object.hasOwn(locked, path));
  const complete = Object.entries(locked).every(([path, { version, optional }]) =>
    Object.hasOwn(installed, path) ? installed[path].version === version : optional,
  );
  return known && complete;
}

/**
 * `npm ci` refuses a lock file that lacks an optional package, as it does when made with a registry
 * that has not got all of them; `npm install` takes it.
 * @param {Record<string, any>} locked
 */
function exactInstall(locked) {
  const names = new Set(Object.keys(locked).map((path) => path.replace(/^.*node_modules\//, '')));
  const optional = Object.values(locked).flatMap((one) =>
    Object.keys(one.optionalDependencies ?? {}),
  );
  return optional.every((name) => names.has(name))
    ? ['npm', 'ci']
    : ['npm', 'install', '--no-save'];
}

/** @param {Program[]} programs */
function namesOf(programs) {
  return programs.map(({ name }) => name).join(', ');
}

/** @param {string} path */
function readJson(path) {
  const whole = join(ROOT, path);
  return existsSync(whole) ? JSON.parse(readFileSync(whole, 'utf8')) : undefined;
}

/** @param {string} program */
function onPath(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

/**
 * @param {string} program
 * @param {string[]} args
 */
function outputOf(program, ...args) {
  return spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '';
}

/**
 * Runs a command with its output on our standard error; tells whether it succeeded.
 * @param {string[]} command
 */
function run([program = '', ...args]) {
  return spawnSync(program, args, { cwd: ROOT, stdio: ['inherit', 2, 2] }).status === 0;
}

/** @param {string[]} command */
function asRoot(...command) {
  return isRoot() ? command : ['sudo', ...command];
}

function isRoot() {
  return process.getuid?.() === 0;
}

/** @param {string} text */
function say(text) {
  console.error(`setup: ${text}`);
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  say(text);
  process.exit(1);
}

main(process.argv[2]);
