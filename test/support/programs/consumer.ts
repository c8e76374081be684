import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const run = promisify(execFile);

/** How a program that uses the library may find modules, in the compiler's words. */
export const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
} as const;

/** What a compiler said, and which files it read below the folder of the project. */
export interface Compiled {
  problems: string[];
  read: string[];
}

/** A program of somebody else's, with the package that `npm pack` makes as its only dependency beside Node's types. */
export interface Consumer {
  readonly folder: string;
  /** Writes a file of it. */
  write(name: string, text: string): Promise<void>;
  /** Compiles all of it into `<resolution>/`, as strictly as can be. */
  compile(resolution: keyof typeof RESOLUTIONS): Promise<Compiled>;
  remove(): Promise<void>;
}

export async function createConsumer(): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-consumer-'));
  const own = join(folder, 'node_modules/inband');
  await mkdir(own, { recursive: true });
  // Without its scripts: `npm test` has built dist/ already, and others use it.
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', join(folder, tarball), '-C', own, '--strip-components=1']);
  await mkdir(join(folder, 'node_modules/@types'));
  await symlink(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await write('package.json', '{ "type": "module" }');
  const compile = (resolution: keyof typeof RESOLUTIONS) => compileIn(folder, resolution);
  return { folder, write, compile, remove: () => rm(folder, { recursive: true }) };
}

async function compileIn(folder: string, resolution: keyof typeof RESOLUTIONS): Promise<Compiled> {
  const compilerOptions = {
    ...RESOLUTIONS[resolution],
    ...{ target: 'es2022', strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    ...{ allowJs: true, checkJs: true, rootDir: '.', outDir: resolution, listFiles: true },
  };
  const config = `tsconfig.${resolution}.json`;
  const sources = (await readdir(folder)).filter((name) => /\.[cm]?[jt]s$/.test(name));
  await writeFile(join(folder, config), JSON.stringify({ compilerOptions, files: sources }));
  const compiled = run(process.execPath, [TSC, '-p', config], { cwd: folder });
  const stdout = await compiled.then(
    (result) => result.stdout,
    (error: { stdout: string }) => error.stdout,
  );
  const lines = stdout.split('\n').filter((line) => line !== '');
  const isFile = (line: string) => line.startsWith('/') && !line.includes(': error ');
  const read = lines.filter((line) => isFile(line) && line.startsWith(`${folder}/`));
  return {
    problems: lines.filter((line) => !isFile(line)),
    read: read.map((line) => line.slice(folder.length + 1)),
  };
}

/** An example of a page. */
export interface Example {
  /** The page, and its number there. */
  name: string;
  /** As a file is named that has such code. */
  extension: 'js' | 'cjs' | 'ts';
  code: string;
}

/** The examples of the README and of docs/ that are programs, or parts of them. */
export async function examples(): Promise<Example[]> {
  const pages = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
  const paths = ['README.md', ...pages.map((name) => `docs/${name}`)];
  const found = await Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(ROOT, path), 'utf8');
      const fences = text.matchAll(
        /^```(js|javascript|mjs|cjs|ts|typescript)\b[^\n]*\n(.*?)^```$/gms,
      );
      return [...fences].map(([, language = '', code = ''], index) => ({
        name: `${path.replace(/^docs\/|\.md$/g, '')}-${index + 1}`,
        extension: extensionOf(language),
        code,
      }));
    }),
  );
  return found.flat();
}

function extensionOf(language: string): Example['extension'] {
  if (language === 'cjs') return 'cjs';
  return language.startsWith('t') ? 'ts' : 'js';
}
