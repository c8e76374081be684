// Makes dist/index.d.ts: all that the library exports, in one file, so that a program that uses it reads nothing else of
// ours. What an exported type names is exported too, or of Node; otherwise this fails.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  isClassDeclaration,
  isExportDeclaration,
  isIdentifier,
  isImportDeclaration,
  isImportSpecifier,
  isImportTypeNode,
  isSourceFile,
  isStringLiteral,
  isVariableDeclaration,
} from 'typescript/unstable/ast';
import { API, SymbolFlags } from 'typescript/unstable/sync';

/** @typedef {import('typescript/unstable/sync').Symbol} Symbol */
/** @typedef {import('typescript/unstable/ast').Node} Node */

/** Where the compiler puts a declaration file for each module; `src/tsconfig.json` says so. */
const MODULES = join(process.cwd(), 'out/types');

rmSync(MODULES, { recursive: true, force: true });
const tsc = ['node_modules/typescript/bin/tsc', '-p', 'src/tsconfig.json'];
execFileSync(process.execPath, tsc, { stdio: 'inherit' });
const config = { extends: '../../tsconfig.json', include: [], files: ['index.d.ts'] };
writeFileSync(join(MODULES, 'tsconfig.json'), JSON.stringify(config));

const api = new API();
const { program, checker } = openProject();
const index = program.getSourceFile(join(MODULES, 'index.d.ts'));
const exported = checker.getExportsOfModule(known(index && checker.getSymbolAtLocation(index)));
const names = new Map(exported.map((symbol) => [target(symbol).id, symbol.name]));
/** What is imported from Node, by module. @type {Map<string, Set<string>>} */
const imports = new Map();
writeFileSync('dist/index.d.ts', text());
api.close();

function openProject() {
  const snapshot = api.updateSnapshot({ openProjects: [join(MODULES, 'tsconfig.json')] });
  return known(snapshot.getProjects()[0]);
}

function text() {
  let path = '';
  const parts = exported.flatMap((symbol) => {
    const statements = target(symbol).declarations.map((handle) =>
      statementOf(known(handle.resolve())),
    );
    const before = path;
    path = pathOf(known(statements[0]));
    const heading = path === before ? [] : [`// ${path}\n\n`];
    return [...heading, ...statements.map((statement) => declared(symbol, statement))];
  });
  const needed = [...imports].map(
    ([module, wanted]) => `import type { ${[...wanted].sort().join(', ')} } from '${module}';\n`,
  );
  // Without it, a program whose settings name no `types` would not find Node's.
  return ['/// <reference types="node" />\n', ...needed, '\n', ...parts].join('');
}

/**
 * A statement as it stands in the one file.
 * @param {Symbol} symbol
 * @param {Node} statement
 */
function declared(symbol, statement) {
  checkNames(symbol.name, statement);
  const start = statement.jsDoc?.at(-1)?.pos ?? statement.getStart();
  const written = statement.getSourceFile().text.slice(start, statement.end);
  if (!isClassDeclaration(statement) || !isTypeOnly(symbol)) return `${written}\n\n`;
  // A class that nobody but the library makes objects of is there as a type alone.
  return `${written.replace('export declare class', 'declare class')}\nexport type { ${symbol.name} };\n\n`;
}

/**
 * Throws for a name of ours that is not exported, and remembers those of Node.
 * @param {string} by
 * @param {Node} statement
 */
function checkNames(by, statement) {
  for (const node of within(statement)) {
    if (isImportTypeNode(node)) throw new Error(`${by} has a type that its source does not write`);
    const symbol = isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
    if (!symbol) continue;
    const module = moduleOf(symbol);
    if (module) imports.set(module, (imports.get(module) ?? new Set()).add(symbol.name));
    else if (isOurs(target(symbol)) && names.get(target(symbol).id) !== node.getText())
      throw new Error(`${by} names ${symbol.name}, which src/index.ts does not export`);
  }
}

/**
 * The package that a name is imported from; `undefined` where it is one of ours. Throws for one that has another name
 * there.
 * @param {Symbol} symbol
 */
function moduleOf(symbol) {
  const declaration = symbol.flags & SymbolFlags.Alias && symbol.declarations[0]?.resolve();
  if (!declaration) return undefined;
  const statement = statementOf(declaration);
  if (!isImportDeclaration(statement) || !isStringLiteral(statement.moduleSpecifier))
    return undefined;
  const module = statement.moduleSpecifier.text;
  if (module.startsWith('.')) return undefined;
  // All are written `import type { name }` in the one file.
  if (!isImportSpecifier(declaration) || declaration.propertyName)
    throw new Error(`${symbol.name} of ${module} is to be imported by its own name, in braces`);
  return module;
}

/**
 * Whether it is declared at the top of one of our modules.
 * @param {Symbol} symbol
 */
function isOurs(symbol) {
  const declaration = symbol.declarations[0]?.resolve();
  if (!declaration?.getSourceFile().fileName.startsWith(MODULES)) return false;
  const statement = isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return isSourceFile(statement.parent);
}

/** @param {Symbol} symbol */
function isTypeOnly(symbol) {
  const statement = symbol.declarations[0]?.resolve()?.parent?.parent;
  return statement !== undefined && isExportDeclaration(statement) && statement.isTypeOnly;
}

/**
 * The module that it is of, as a path in src/.
 * @param {Node} statement
 */
function pathOf(statement) {
  const path = relative(MODULES, statement.getSourceFile().fileName);
  return path.replaceAll('\\', '/').replace('.d.ts', '');
}

/**
 * @param {Node} node
 * @returns {Node}
 */
function statementOf(node) {
  return isSourceFile(node.parent) ? node : statementOf(node.parent);
}

/**
 * A node and all below it.
 * @param {Node} node
 * @returns {Node[]}
 */
function within(node) {
  /** @type {Node[]} */
  const found = [node];
  node.forEachChild((child) => {
    found.push(...within(child));
  });
  return found;
}

/**
 * What an import or export stands for.
 * @param {Symbol} symbol
 */
function target(symbol) {
  return symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/**
 * @template T
 * @param {T | undefined} value
 * @returns {T}
 */
function known(value) {
  if (value === undefined) throw new Error('the compiler does not know what it has made');
  return value;
}
