import { posix } from 'node:path';
import { parseSync } from '@swc/core';

/** What the files of a folder of src/ may import of ours (design.md, "Shape"), beside files of the same folder. */
interface Rule {
  values: string[];
  types: string[];
}

const EVERYTHING = ['commands', 'transfer', 'protocol', 'session', 'storage', 'ui'];

/** The empty name stands for src/ itself: main, index and what they are divided into. */
const RULES: Record<string, Rule> = {
  '': { values: EVERYTHING, types: EVERYTHING },
  commands: { values: ['transfer', 'protocol', 'ui'], types: ['session'] },
  transfer: { values: ['protocol', 'session'], types: [] },
  protocol: { values: ['session'], types: [] },
  session: { values: [], types: [] },
  storage: { values: [], types: EVERYTHING },
  ui: { values: [], types: EVERYTHING },
};

/** Packages that one folder keeps from all others. */
const OWNERS: [RegExp, string][] = [
  [/^@xmpp\//, 'session'],
  [/^(ora|cli-progress)$/, 'ui'],
];

/** What `import(x)` counts as: nobody can tell where it leads. */
const COMPUTED = 'import() of something other than a string';

interface Import {
  specifier: string;
  typeOnly: boolean;
}

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
  if (specifier === COMPUTED) return `${path} -> ${specifier}`;
  const owner = OWNERS.find(([pattern]) => pattern.test(specifier))?.[1];
  if (!owner || owner === folderOf(path)) return undefined;
  return `${path} -> ${specifier} (for ${owner}/ only)`;
}

function problemOfOurs(path: string, { specifier, typeOnly }: Import): string | undefined {
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
  // The version is there.
  if (target === '../package.json' && folderOf(path) === '') return undefined;
  const arrow = `${path} -> ${target}`;
  if (target === 'main.ts' || target === 'index.ts') return arrow;
  const [from, to] = [folderOf(path), folderOf(target)];
  const { values, types } = RULES[from] ?? { values: [], types: [] };
  if (from === to || values.includes(to)) return undefined;
  if (!types.includes(to)) return arrow;
  return typeOnly ? undefined : `${arrow} (types only: import type)`;
}

function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : '';
}

/** The part of swc's syntax tree that tells of imports. */
interface Node {
  type: string;
  typeOnly?: boolean;
  source?: { value: string } | null;
  argument?: { value: string };
  callee?: { type: string };
  arguments?: { expression: { type: string; value?: string } }[];
}

/** Every import and re-export of a module: static, dynamic, and inside a type. */
function importsOf(source: string): Import[] {
  const found: Import[] = [];
  visit(parseSync(source, { syntax: 'typescript', target: 'es2022' }), (node) => {
    const specifier = specifierOf(node);
    const typeOnly = node.typeOnly === true || node.type === 'TsImportType';
    if (specifier !== undefined) found.push({ specifier, typeOnly });
  });
  return found;
}

function specifierOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return node.source?.value;
    case 'TsImportType':
      return node.argument?.value;
    case 'CallExpression':
      if (node.callee?.type !== 'Import') return undefined;
      return literal(node.arguments?.[0]?.expression) ?? COMPUTED;
    default:
      return undefined;
  }
}

function literal(expression?: { type: string; value?: string }): string | undefined {
  return expression?.type === 'StringLiteral' ? expression.value : undefined;
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value) see(value as Node);
  for (const child of Object.values(value)) visit(child, see);
}
