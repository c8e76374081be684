// What others have written of the program, and the notices that their licenses ask to be passed on.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Part
 * @property {string} name With its version.
 * @property {string} license By its SPDX name, where it has one.
 * @property {string} text The notices; empty where it came with none.
 * @property {string} holder Whose it is, where the notices do not say.
 * @property {string} files Where it lies, below the root of the project.
 */

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** The folders of the packages that are in dist/, for those who put dist/ into something else. */
const BUNDLED = join(ROOT, 'out/bundled.json');
/** esbuild puts some functions of its own in front of what it bundles. */
const BUNDLER = 'node_modules/esbuild';
/** Debian's names of licenses, where they are not those of SPDX. */
const DEBIAN_NAMES = new Map([
  ['MIT', 'Expat'],
  ['BSD-3-Clause', 'BSD-3-clause'],
]);

/**
 * The folders of the packages that these modules are of, and of the bundler; writes them down for `bundledParts`.
 * @param {string[]} modules
 */
export function noteBundled(modules) {
  const folders = modules.flatMap(
    (path) => /.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  const all = [...new Set([...folders, BUNDLER])].sort();
  mkdirSync(dirname(BUNDLED), { recursive: true });
  writeFileSync(BUNDLED, JSON.stringify(all));
}

/** The packages that are in dist/. */
export function bundledParts() {
  /** @type {string[]} */
  const folders = JSON.parse(readFileSync(BUNDLED, 'utf8'));
  return folders.map(partIn);
}

/** The program itself. */
export function ownPart() {
  return { ...partIn('.'), files: '*' };
}

/**
 * The package in a folder. Throws where it says nothing of a license.
 * @param {string} folder
 * @returns {Part}
 */
function partIn(folder) {
  const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
  const { name, version, author } = manifest;
  const license = /^(SEE|UNLICENSED)/.test(manifest.license ?? 'SEE') ? '' : manifest.license;
  const notices = readdirSync(join(ROOT, folder)).filter((file) =>
    /^(licen[cs]e|copying|notice|unlicense)/i.test(file),
  );
  const texts = notices.map((file) => readFileSync(join(ROOT, folder, file), 'utf8').trim());
  const text = texts.join('\n\n');
  if (!license && !text) throw new Error(`${folder} says nothing of its license`);
  const holder = author?.name ?? author ?? `the authors of ${name}`;
  return { name: `${name} ${version}`, license, text, holder, files: `${folder}/*` };
}

/**
 * As a file to go along with the program.
 * @param {Part[]} parts
 */
export function asText(parts) {
  const notices = parts.map(({ name, license, text }) =>
    [`${name} (${license || 'as follows'})`, ...(text ? [text] : [])].join('\n\n'),
  );
  return `The program has these parts.\n\n${notices.join('\n\n---\n\n')}\n`;
}

/**
 * As Debian wants it (copyright-format 1.0), machine-readable: a paragraph for each part.
 * @param {Part[]} parts
 */
export function asDebianCopyright(parts) {
  const head = [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    'Upstream-Name: inband',
    `Comment:${indented('The program is one file, with the parts below in it: the packages of npm, and Node.js.')}`,
  ];
  return `${[head.join('\n'), ...parts.map(paragraph)].join('\n\n')}\n`;
}

/** @param {Part} part */
function paragraph({ name, license, text, holder, files }) {
  const found =
    text.match(/^\W*(Copyright|COPYRIGHT) (?!Holder)(\([cC]\)|©|\d|[A-Z][a-z]).*/gm) ?? [];
  const holders = [...new Set(found.map((line) => line.replace(/^\W+/, '').trim()))];
  const short = license.replaceAll(/[\w.-]+/g, (word) => DEBIAN_NAMES.get(word) ?? word);
  return [
    `Files: ${files}`,
    `Copyright:${indented(holders.length > 0 ? holders.join('\n') : holder)}`,
    `License: ${short || 'other'}${indented(text || `See ${license}.`)}`,
    `Comment: ${name}`,
  ].join('\n');
}

/**
 * The lines of a field behind its first one.
 * @param {string} text
 */
function indented(text) {
  return text
    .split(/\r?\n/)
    .map((line) => (line.trim() ? `\n ${line.trimEnd()}` : '\n .'))
    .join('');
}
