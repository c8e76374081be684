// Makes a Debian package of each executable for Linux in out/, with the manual page, completion and the unit that
// docs/recipes.md shows, and prints their paths.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { asDebianCopyright, bundledParts, ownPart } from './licenses.js';
import { nodeParts } from './nodes.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const OUT = join(ROOT, 'out');
const { version: VERSION, description: DESCRIPTION } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
);
/** Debian's name of each executable's machine. */
const ARCHITECTURES = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' };
/** What the shells of Debian look for. */
const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/inband',
  zsh: 'usr/share/zsh/vendor-completions/_inband',
  fish: 'usr/share/fish/vendor_completions.d/inband.fish',
};
/** Libraries that Node asks for, with what brings its symbols at least. */
const DEPENDS = 'libc6 (>= 2.28), libgcc-s1 | libgcc1, libstdc++6 (>= 8)';

process.umask(0o022); // what is installed is for everybody
for (const [machine, architecture] of Object.entries(ARCHITECTURES)) {
  if (existsSync(executableFor(machine)))
    process.stdout.write(`${packed(machine, architecture)}\n`);
}

/** @param {string} machine */
function executableFor(machine) {
  return join(OUT, `inband-${machine}`);
}

/**
 * @param {string} machine
 * @param {string} architecture
 */
function packed(machine, architecture) {
  const tree = join(OUT, `debian-${architecture}`);
  rmSync(tree, { recursive: true, force: true });
  for (const [path, content] of contents(machine)) write(join(tree, path), content);
  const program = join(tree, 'usr/bin/inband');
  mkdirSync(dirname(program), { recursive: true });
  copyFileSync(executableFor(machine), program);
  chmodSync(program, 0o755);
  const kibibytes = Math.ceil(statSync(program).size / 1024);
  write(join(tree, 'DEBIAN/control'), control(architecture, kibibytes));
  const path = join(OUT, `inband_${VERSION}_${architecture}.deb`);
  // xz would take a minute and a half to make it a fifth smaller.
  const options = ['--root-owner-group', '-Zzstd'];
  execFileSync('dpkg-deb', [...options, '--build', tree, path], { stdio: 'ignore' });
  rmSync(tree, { recursive: true });
  return path;
}

/**
 * @param {string} machine
 * @returns {[string, string | Buffer][]}
 */
function contents(machine) {
  const parts = [ownPart(), ...bundledParts(), ...nodeParts([machine])];
  const said = (/** @type {string[]} */ ...args) =>
    execFileSync(process.execPath, [join(ROOT, 'bin/inband.js'), ...args]);
  return [
    ['usr/share/man/man1/inband.1.gz', gzipSync(said('man'), { level: 9 })],
    ['usr/lib/systemd/user/inband.service', unit()],
    ['usr/share/doc/inband/copyright', asDebianCopyright(parts)],
    ...Object.entries(COMPLETIONS).map(
      /** @returns {[string, Buffer]} */ ([shell, path]) => [path, said('completion', shell)],
    ),
  ];
}

function unit() {
  const recipes = readFileSync(join(ROOT, 'docs/recipes.md'), 'utf8');
  const [, text] = /```ini\n(\[Unit\]\n.*?)```/s.exec(recipes) ?? [];
  if (text === undefined) throw new Error('docs/recipes.md shows no unit any more');
  return text.replace('/usr/local/bin/inband', '/usr/bin/inband');
}

/**
 * @param {string} architecture
 * @param {number} kibibytes
 */
function control(architecture, kibibytes) {
  return `Package: inband
Version: ${VERSION}
Architecture: ${architecture}
Maintainer: the inband authors
Installed-Size: ${kibibytes}
Depends: ${DEPENDS}
Recommends: ca-certificates
Section: net
Priority: optional
Description: ${DESCRIPTION}
 Wherever a chat account works, a file gets through: the bytes travel inside
 the chat connection, or beside it where that is faster, and are encrypted
 between two inband. It also receives unattended, as a service.
`;
}

/**
 * @param {string} path
 * @param {string | Buffer} content
 */
function write(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
