import { parseSync } from '@swc/core';

/** What `import(x)` counts as: nobody can tell where it leads. */
export const COMPUTED = 'import() of something other than a string';

/** What makes a `require` of another name, by which anything could be imported unseen. */
const MAKES_REQUIRE = /^(node:)?module$/;

export const isHiding = (specifier: string): boolean => MAKES_REQUIRE.test(specifier);

export interface Import {
  specifier: string;
  typeOnly: boolean;
  /** An `import()` or a `require()`, which loads when it is reached. */
  late: boolean;
  /** The name of what is imported, as it is called there; `undefined`: all of it, as one. */
  names?: string[] | undefined;
}

export interface Func {
  /** Empty where it has none of its own, as an arrow function. */
  name: string;
  /** Counted from 1. */
  line: number;
  /** From its signature to its closing brace, both included. */
  lines: number;
}

interface Name {
  value?: string | Name;
}

/** The part of swc's syntax tree that is read here. */
interface Node {
  type: string;
  /** Bytes, counted from 1. */
  span?: { start: number; end: number };
  typeOnly?: boolean;
  /** Of `import x = require()`. */
  isTypeOnly?: boolean;
  moduleRef?: { type: string; expression?: { type: string; value?: string } };
  source?: { value: string } | null;
  argument?: { value: string };
  callee?: { type: string; value?: string };
  arguments?: { expression: { type: string; value?: string } }[];
  identifier?: Name | null;
  key?: Name;
  /** What an export declares, or the name that it hands out. */
  declaration?: { identifier?: Name; id?: Name; declarations?: { id: Name }[] };
  specifiers?: { type: string; imported?: Name | null; orig?: Name; local?: Name }[];
}

/** By source: to parse all of src/ takes a second, and several rules ask. */
const known = new Map<string, Import[]>();

/** Every import and re-export of a module: static, dynamic, and inside a type. */
export function importsOf(source: string): Import[] {
  const imports = known.get(source) ?? readImports(source);
  known.set(source, imports);
  return imports;
}

function readImports(source: string): Import[] {
  const found: Import[] = [];
  visit(parse(source), (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return;
    const typeOnly = node.typeOnly || node.isTypeOnly || node.type === 'TsImportType';
    const late = node.type === 'CallExpression';
    found.push({ specifier, typeOnly: !!typeOnly, late, names: namesFrom(node) });
  });
  return [...found, ...referencesOf(source)];
}

/** What the compiler takes in by a comment, which is no part of the tree. Those of packages say `types`. */
function referencesOf(source: string): Import[] {
  const comments = source.matchAll(
    /^\s*\/\/\/\s*<reference\s+(path|types)\s*=\s*["']([^"']+)["']/gm,
  );
  return [...comments].map(([, kind, target = '']) => {
    const specifier = kind === 'path' && !target.startsWith('.') ? `./${target}` : target;
    return { specifier, typeOnly: true, late: false };
  });
}

function specifierOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return node.source?.value;
    case 'TsImportType':
      return node.argument?.value;
    case 'TsImportEqualsDeclaration':
      return literal(node.moduleRef?.expression);
    case 'CallExpression':
      if (node.callee?.type !== 'Import' && node.callee?.value !== 'require') return undefined;
      return literal(node.arguments?.[0]?.expression) ?? COMPUTED;
    default:
      return undefined;
  }
}

/** The names that a module exports of its own; those that it hands on from others are not among them. */
export function exportsOf(source: string): string[] {
  const found: (Name | undefined)[] = [];
  visit(parse(source), ({ type, declaration, specifiers, source: from }) => {
    if (type === 'ExportDeclaration') {
      const all = declaration?.declarations?.map(({ id }) => id);
      found.push(...(all ?? [declaration?.identifier ?? declaration?.id]));
    }
    if (type === 'ExportNamedDeclaration' && !from) {
      found.push(...(specifiers ?? []).map(({ orig }) => orig));
    }
  });
  return found.map(nameOf).filter((name) => name !== '');
}

function namesFrom({ specifiers }: Node): string[] | undefined {
  if (!specifiers || specifiers.some(({ type }) => type === 'ImportNamespaceSpecifier')) {
    return undefined;
  }
  return specifiers.map(({ imported, orig, local }) => nameOf(imported ?? orig ?? local));
}

function literal(expression?: { type: string; value?: string }): string | undefined {
  return expression?.type === 'StringLiteral' ? expression.value : undefined;
}

const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'Constructor',
  'ClassMethod',
  'PrivateMethod',
  'MethodProperty',
  'GetterProperty',
  'SetterProperty',
]);

/** Every function of a module, those inside others too. */
export function functionsOf(source: string): Func[] {
  const bytes = Buffer.from(source);
  const lineAt = (position: number) => linesOf(bytes.subarray(0, position - 1).toString());
  const found: Func[] = [];
  visit(parse(source), ({ type, span, identifier, key }) => {
    if (!span || !FUNCTIONS.has(type)) return;
    const line = lineAt(span.start);
    const lines = lineAt(span.end) - line + 1;
    found.push({ name: nameOf(identifier ?? key), line, lines });
  });
  return found;
}

/** The node of a private name has the name after its `#`. */
function nameOf(name: Name | null | undefined): string {
  return typeof name?.value === 'object' ? nameOf(name.value) : (name?.value ?? '');
}

export function linesOf(text: string): number {
  return text.split('\n').length;
}

export function parse(source: string) {
  return parseSync(source, { syntax: 'typescript', target: 'es2022' });
}

export function visit(value: unknown, see: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value) see(value as Node);
  for (const child of Object.values(value)) visit(child, see);
}
