// Builds dist/ but for its type declarations: the program and the library, each in one file with the packages
// it uses, so that what is installed is what was tested, and starts without a search for some 200 modules.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { build, transform } from 'esbuild';
import { asText, bundledParts, noteBundled } from './licenses.js';

/** What not every run needs: parsing it all would take longer than the rest of `--version`. */
const APART = new Map([
  ['@xmpp/xml', 'xmpp-xml'],
  ['cli-progress', 'cli-progress'],
  ['ora', 'ora'],
  ['smol-toml', 'smol-toml'],
  ['uqr', 'uqr'],
  ['ws', 'ws'],
]);

/** @type {import('esbuild').Plugin} */
const requireApart = {
  name: 'require-apart',
  setup: ({ onResolve }) => {
    for (const [name, file] of APART) {
      const path = `./${file}.cjs`;
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path, external: true }));
    }
  },
};

/** @satisfies {import('esbuild').BuildOptions} */
const COMMON = {
  ...{ bundle: true, platform: 'node', target: 'node20', metafile: true },
  // Native parts that ws would take from wherever they happen to be installed.
  define: {
    'process.env.WS_NO_BUFFER_UTIL': '"1"',
    'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
  },
};

/** CommonJS starts 8 ms sooner than ES modules, whose loader Node would have to start first. */
const PROGRAM = {
  ...COMMON,
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
};

/** Runs a part the first time it is asked for. */
const LOADER = `const modules = {};
let later;
function load(name) {
  if (modules[name]) return modules[name].exports;
  const module = { exports: {} };
  modules[name] = module;
  const part = parts[name] ?? (later ??= require('./later.cjs')(load))[name];
  part(module);
  return module.exports;
}
`;

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
const outcomes = await Promise.all([
  buildProgram(),
  build({
    ...PROGRAM,
    format: 'cjs',
    entryPoints: [...APART].map(([name, file]) => ({ in: name, out: file })),
    // What import() gives as `default` of CommonJS is all of it.
    footer: { js: 'module.exports = module.exports.default ?? module.exports;' },
  }),
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
 * the rest of `--version`. esbuild finds the parts, but has them as ES modules in some eighty files.
 */
async function buildProgram() {
  const outcome = await build({
    ...PROGRAM,
    entryPoints: ['src/main.ts'],
    plugins: [requireApart],
    format: 'esm',
    splitting: true,
    chunkNames: '[hash].part',
    write: false,
  });
  const atOnce = partsAtOnce(outcome.metafile.outputs, 'dist/main.cjs');
  const parts = await Promise.all(outcome.outputFiles.map(toPart));
  const textOf = (/** @type {boolean} */ now) => {
    const chosen = parts.filter(({ path }) => atOnce.has(path) === now);
    // V8 puts off the compilation of a function, and so parses it twice, unless it is in brackets.
    const [open, close] = now ? ['(', ')'] : ['', ''];
    return chosen
      .map(({ name, text }) => `"${name}": ${open}function (module) {\n${text}}${close},\n`)
      .join('');
  };
  writeFileSync('dist/later.cjs', `module.exports = (load) => ({\n${textOf(false)}});\n`);
  writeFileSync('dist/main.cjs', `const parts = {\n${textOf(true)}};\n${LOADER}load('main');\n`);
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
    text: code.replaceAll(/\brequire\("\.\/(\w+)\.part\.cjs"\)/g, 'load("$1")'),
  };
}
