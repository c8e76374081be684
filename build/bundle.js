// Builds dist/ but for its type declarations: the program and the library, each in one file with the packages
// it uses, so that what is installed is what was tested, and starts without a search for some 200 modules.
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { build, transform } from 'esbuild';
import { asText, bundledParts, noteBundled } from './licenses.js';
import { LOADER } from './loader.js';

/** @satisfies {import('esbuild').BuildOptions} */
const COMMON = { bundle: true, platform: 'node', target: 'node20', metafile: true };

/** What tells two builds apart. */
const BUILD_DIGITS = 16;

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
const outcomes = await Promise.all([
  buildProgram(),
  build({
    ...COMMON,
    entryPoints: ['src/index.ts'],
    outfile: 'dist/index.js',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
    },
  }),
]);
noteBundled(outcomes.flatMap(({ metafile }) => Object.keys(metafile.inputs)));
writeFileSync('dist/LICENSES.txt', asText(bundledParts()));

/**
 * main.cjs has what every run needs, and later.cjs what an `import()` asks for: to parse all would take as long as
 * the rest of `--version`. esbuild finds the parts, but has them as ES modules in some eighty files; CommonJS starts 8 ms
 * sooner than these, whose loader Node would have to start first.
 */
async function buildProgram() {
  const outcome = await build({
    ...{ ...COMMON, outdir: 'dist', outExtension: { '.js': '.cjs' } },
    entryPoints: ['src/main.ts'],
    format: 'esm',
    splitting: true,
    chunkNames: '[hash].part',
    write: false,
  });
  const atOnce = partsAtOnce(outcome.metafile.outputs, 'dist/main.cjs');
  const parts = await Promise.all(outcome.outputFiles.map(toPart));
  const isAtOnce = (/** @type {{ path: string }} */ { path }) => atOnce.has(path);
  // V8 puts off the compilation of a function, and so parses it twice, unless it is in brackets.
  const texts = parts
    .filter(isAtOnce)
    .map(({ name, text }) => `"${name}": (function (module) {\n${text}}),\n`);
  const later = asLater(parts.filter((part) => !isAtOnce(part)));
  writeFileSync(
    'dist/main.cjs',
    `const build = '${later.build}';\nconst parts = {\n${texts.join('')}};\n${LOADER}load('main');\n`,
  );
  writeFileSync('dist/later.cjs', later.text);
  return outcome;
}

/**
 * A part and all that it imports, but for what it imports by `import()`.
 * @param {import('esbuild').Metafile['outputs']} outputs
 * @param {string} path
 * @returns {Set<string>}
 */
function partsAtOnce(outputs, path, found = new Set([path])) {
  for (const { path: imported, kind } of outputs[path]?.imports ?? []) {
    if (kind !== 'import-statement' || !outputs[imported] || found.has(imported)) continue;
    partsAtOnce(outputs, imported, found.add(imported));
  }
  return found;
}

/**
 * As CommonJS, with `load` for the other parts.
 * @param {import('esbuild').OutputFile} file
 */
async function toPart(file) {
  const { code } = await transform(file.text, {
    ...{ format: 'cjs', platform: 'node', target: 'node20' },
    supported: { 'dynamic-import': false }, // require() instead
  });
  return {
    path: relative('.', file.path).replaceAll('\\', '/'),
    name: basename(file.path, '.cjs').replace('.part', ''),
    text: asAscii(code.replaceAll(/\brequire\("\.\/(\w+)\.part\.cjs"\)/g, 'load("$1")')),
  };
}

/**
 * One text after the other, below a line that says of which build they are, how long in all, where each begins and ends,
 * and how many lines are before it.
 * @param {{ name: string, text: string }[]} parts
 */
function asLater(parts) {
  /** @type {Record<string, [start: number, end: number, line: number]>} */
  const places = {};
  let [end, line] = [0, 1];
  for (const { name, text } of parts) {
    places[name] = [end, end + text.length, line];
    end += text.length;
    line += text.split('\n').length - 1;
  }
  const all = parts.map(({ text }) => text).join('');
  const build = createHash('sha256').update(all).digest('hex').slice(0, BUILD_DIGITS);
  return { build, text: `//${JSON.stringify({ build, length: all.length, places })}\n${all}` };
}

/**
 * V8 has two bytes for each character of a text in which one needs them. What is not in comments is escaped by esbuild.
 * @param {string} code
 */
function asAscii(code) {
  return code.replaceAll(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
