// Makes one-file executables of the built program in out/, each from a Node published on npm, and prints
// their paths. `--here` makes that for this machine alone.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
// @ts-expect-error: it has no types
import { inject } from 'postject';
import { asText, bundledParts, ownPart } from './licenses.js';
import { nodeFor, nodeParts, releaseOf, TARGETS } from './nodes.js';

const { version: VERSION } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DIST = join(ROOT, 'dist');
const OUT = join(ROOT, 'out');
const TEMPORARY = join(OUT, 'tmp');
/** Node looks for a program in itself where a 1 follows this; postject writes it in place of a 0. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
/** An executable has no files beside it: later.cjs goes with it as an asset. */
const ASSET_READER = `require.textOf = (name) => require('node:sea').getAsset(name, 'utf8');
`;
const PLATFORMS = new Map([
  ['darwin', 'macos'],
  ['win32', 'win'],
]);
const HERE = `${PLATFORMS.get(process.platform) ?? process.platform}-${process.arch}`;

/**
 * What runs the executables of another machine on this one, where it is installed.
 * @type {Record<string, string[]>}
 */
const EMULATORS = {
  'linux-arm64': ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
  'win-x64': ['wine'],
};

rmSync(TEMPORARY, { recursive: true, force: true });
mkdirSync(TEMPORARY, { recursive: true });
const blob = writeBlob();
const targets = process.argv.includes('--here') ? [HERE] : possibleTargets();
for (const target of targets) {
  const executable = await make(target);
  check(target, executable);
  process.stdout.write(`${executable}\n`);
}
const parts = [ownPart(), ...bundledParts(), ...nodeParts(targets)];
writeFileSync(join(OUT, 'LICENSES.txt'), asText(parts));
rmSync(TEMPORARY, { recursive: true });

function possibleTargets() {
  return TARGETS.filter((target) => {
    const why = whyNot(target);
    if (why) say(`${target}: left out, as ${why}`);
    return !why;
  });
}

/**
 * @param {string} target
 * @returns {string | undefined}
 */
function whyNot(target) {
  // macOS runs nothing whose signature is broken, as it is then.
  if (target.startsWith('macos-') && process.platform !== 'darwin') return 'only a Mac can sign it';
  // Each release reads a blob in a way of its own, and writing one takes a Node that runs here.
  const release = releaseOf(HERE);
  return releaseOf(target) === release ? undefined : `its Node is not of release ${release}`;
}

/** The program, as Node finds it in its own file. */
function writeBlob() {
  const config = join(TEMPORARY, 'sea.json');
  const output = join(TEMPORARY, 'inband.blob');
  const settings = {
    main: writeProgram(),
    output,
    assets: { './later.cjs': join(DIST, 'later.cjs') },
  };
  writeFileSync(config, JSON.stringify({ ...settings, disableExperimentalSEAWarning: true }));
  execFileSync(nodeFor(HERE), ['--experimental-sea-config', config], { stdio: 'ignore' });
  return readFileSync(output);
}

function writeProgram() {
  const path = join(TEMPORARY, 'main.cjs');
  writeFileSync(path, ASSET_READER + readFileSync(join(DIST, 'main.cjs'), 'utf8'));
  return path;
}

/** @param {string} target */
async function make(target) {
  const output = join(OUT, `inband-${target}${target.startsWith('win-') ? '.exe' : ''}`);
  const isForMac = target.startsWith('macos-');
  copyFileSync(nodeFor(target), output);
  chmodSync(output, 0o755);
  if (isForMac) execFileSync('codesign', ['--remove-signature', output]);
  await inject(output, 'NODE_SEA_BLOB', blob, {
    sentinelFuse: FUSE,
    ...(isForMac ? { machoSegmentName: 'NODE_SEA' } : {}),
  });
  if (isForMac) execFileSync('codesign', ['--sign', '-', output]);
  return output;
}

/**
 * @param {string} target
 * @param {string} executable
 */
function check(target, executable) {
  if (!readFileSync(executable).includes(`${FUSE}:1`)) fail(`${target}: the program is not in it`);
  if (target.startsWith('macos-')) execFileSync('codesign', ['--verify', executable]);
  const emulator = target === HERE ? [] : (EMULATORS[target] ?? []);
  const [command, ...args] = [...emulator, executable, '--version'];
  // Wine has no pipes but its own, speaks of itself, and calls itself an old Windows.
  const log = join(TEMPORARY, 'log');
  const output = openSync(log, 'w');
  const { error, status } = spawnSync(command, args, {
    stdio: ['ignore', output, target === HERE ? output : 'ignore'],
    env: { ...process.env, NODE_SKIP_PLATFORM_CHECK: '1' },
  });
  closeSync(output);
  if (error && target !== HERE) return say(`${target}: not run, as this machine is ${HERE}`);
  const said = readFileSync(log, 'utf8');
  if (status !== 0 || said.split(' ', 1)[0] !== VERSION) {
    fail(`${target}: --version ended with ${error ?? status}: ${said}`);
  }
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`package: ${text}\n`);
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  say(text);
  process.exit(1);
}
