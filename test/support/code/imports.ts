import { posix } from 'node:path';
import { COMPUTED, type Import, importsOf, isHiding } from './syntax.js';

/** What the files of a folder of src/ may import of ours (design.md, "Shape"), beside files of the same folder. */
interface Rule {
  values: string[];
  types: string[];
}

const EVERYTHING = ['commands', 'transfer', 'protocol', 'session', 'storage', 'ui'];

/** The errors of the interface that storage implements: all that it loads of another room, hence without imports. */
const ERRORS_OF_INBOX = 'transfer/inbox-errors.ts';

/** What everybody may load, as it loads nothing: how figures, and words of a command, are written for people. */
const LOADS_NOTHING = ['units.ts', 'shell.ts'];

/** The empty name stands for src/ itself: main, index and what they are divided into. */
const RULES: Record<string, Rule> = {
  '': { values: EVERYTHING, types: EVERYTHING },
  commands: { values: ['transfer', 'ui'], types: ['session'] },
  transfer: { values: ['protocol', 'session'], types: [] },
  protocol: { values: ['session'], types: [] },
  session: { values: [], types: [] },
  storage: { values: [], types: ['transfer', 'protocol', 'session'] },
  ui: { values: [], types: ['transfer', 'protocol', 'session'] },
};

/** Packages that one folder keeps from all others. */
const OWNERS: [RegExp, string][] = [
  [/^(@xmpp\/.*|ws)$/, 'session'],
  [/^(ora|cli-progress|get-east-asian-width|uqr)$/, 'ui'],
  [/^smol-toml$/, 'commands'],
];

/**
 * The imports that design.md does not allow, as `from -> to`. The keys of `sources` are paths in src/.
 * `import { type T }` counts as an import of values: the module is loaded all the same.
 */
export function forbiddenImports(sources: Record<string, string>): string[] {
  return Object.entries(sources).flatMap(([path, source]) =>
    importsOf(source).flatMap((found) => {
      const problem = found.specifier.startsWith('.')
        ? problemOfOurs(path, found)
        : problemOfPackage(path, found);
      return problem ? [problem] : [];
    }),
  );
}

function problemOfPackage(path: string, { specifier }: Import): string | undefined {
  if (specifier === COMPUTED || isHiding(specifier)) return `${path} -> ${specifier}`;
  const owner = OWNERS.find(([pattern]) => pattern.test(specifier))?.[1];
  if (!owner || owner === folderOf(path)) return undefined;
  return `${path} -> ${specifier} (for ${owner}/ only)`;
}

function problemOfOurs(path: string, { specifier, typeOnly }: Import): string | undefined {
  const target = targetOf(path, specifier);
  // The version is there.
  if (target === '../package.json' && folderOf(path) === '') return undefined;
  const arrow = `${path} -> ${target}`;
  // What is looked for under several names may be another file than it seems.
  if (!/\.(js|d\.ts)$/.test(specifier)) return `${arrow} (without its .js)`;
  if (target === 'main.ts' || target === 'index.ts') return arrow;
  const [from, to] = [folderOf(path), folderOf(target)];
  const { values, types } = RULES[from] ?? { values: [], types: [] };
  if (path === ERRORS_OF_INBOX || LOADS_NOTHING.includes(path)) return arrow;
  if (from === to || values.includes(to) || LOADS_NOTHING.includes(target)) return undefined;
  if (from === 'storage' && target === ERRORS_OF_INBOX) return undefined;
  if (!types.includes(to)) return arrow;
  return typeOnly ? undefined : `${arrow} (types only: import type)`;
}

/** The path in src/ of what a file there imports by a path of its own. */
export function targetOf(path: string, specifier: string): string {
  const target = posix.join(posix.dirname(path), specifier);
  return /\.(ts|json)$/.test(target) ? target : `${target.replace(/\.js$/, '')}.ts`;
}

function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : '';
}
