import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Licenses that let the program be passed on as it is, by their SPDX names; another one has to be looked at. */
const KNOWN = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

let packages: string[];
let notices: string;

/** Name and version of each package that a module of the program or of the library is in. */
beforeAll(async () => {
  const { metafile } = await build({
    ...{ absWorkingDir: ROOT, entryPoints: ['src/main.ts', 'src/index.ts'], outdir: 'out/none' },
    ...{ bundle: true, platform: 'node', format: 'esm', write: false, metafile: true },
  });
  const folders = Object.keys(metafile.inputs).flatMap(
    (path) => /.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  packages = [...new Set(folders)].map((folder) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
    return `${manifest.name} ${manifest.version}`;
  });
  notices = await readFile(join(ROOT, 'dist/LICENSES.txt'), 'utf8');
});

/** The packages of which a text says neither a license that we know nor, in its own words, which one it is. */
function unlicensed(names: string[], text: string): string[] {
  const [, ...sections] = `---\n\n${text.slice(text.indexOf('\n\n') + 2)}`.split(/^---\n\n/m);
  return names.filter((name) => {
    const section = sections.find((one) => one.startsWith(`${name} (`)) ?? '';
    const [, license = ''] = /^.* \((.*)\)\n/.exec(section) ?? [];
    return !KNOWN.includes(license) && section.trim().split('\n').length < 3;
  });
}

test('dist/LICENSES.txt has each package that the program is made of (R1140)', () => {
  expect(packages).toContainEqual(expect.stringMatching(/^commander \d/));
  expect(packages.length).toBeGreaterThan(20);
  expect(unlicensed(packages, notices)).toEqual([]);
});

test('dist/LICENSES.txt has what put these together and left functions of its own in it (R1140)', async () => {
  expect(await readFile(join(ROOT, 'dist/later.cjs'), 'utf8')).toMatch(/\b__(toESM|export)\b/);
  const { version } = JSON.parse(
    await readFile(join(ROOT, 'node_modules/esbuild/package.json'), 'utf8'),
  );
  expect(unlicensed([`esbuild ${version}`], notices)).toEqual([]);
});

test('a package without a license is found (R1140)', () => {
  const text = 'The parts.\n\na 1.0.0 (MIT)\n\n---\n\nb 1.0.0 (as follows)\n\nDo as you please.\n';
  expect(unlicensed(['a 1.0.0', 'b 1.0.0'], text)).toEqual([]);
  expect(unlicensed(['c 1.0.0', 'a 1.0.1'], text)).toEqual(['c 1.0.0', 'a 1.0.1']);
  expect(unlicensed(['d 1.0.0'], 'The parts.\n\nd 1.0.0 (of its own)\n')).toEqual(['d 1.0.0']);
});
