import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import {
  MOST_FILES_OF_FOLDER,
  MOST_LINES_OF_FILE,
  MOST_LINES_OF_FUNCTION,
  problemsOf,
  type RuleName,
} from './support/code/structure.js';

/** What is still to be mended. Nothing comes in anew: the test fails for what is here and breaks the rule no more. */
const EXCUSED: Record<RuleName, string[]> = {
  files: [],
  functions: [],
  cycles: [],
  circles: [],
  order: [],
  folders: [],
  late: [],
  doors: [],
  exports: [],
};

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

const sources = Object.fromEntries(
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path.replaceAll('\\', '/'), readFileSync(SRC + path, 'utf8')]),
);

test('no folder of test/ has more than its share of files either (R480)', () => {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll('\\', '/'));
  expect(paths.length).toBeGreaterThan(100);
  expect(problemsOf(Object.fromEntries(paths.map((path) => [path, ''])), 'folders')).toEqual([]);
});

describe('src/', () => {
  test('is read', () => {
    expect(Object.keys(sources).length).toBeGreaterThan(100);
  });

  test.each<[string, RuleName]>([
    [`no file has more than ${MOST_LINES_OF_FILE} lines (R133)`, 'files'],
    [`no function has more than ${MOST_LINES_OF_FUNCTION} lines (R133)`, 'functions'],
    ['no file imports itself by way of others, not for a type either (R134)', 'cycles'],
    ['no folder of a room imports itself by way of others (R170)', 'circles'],
    ['the folders of a room import one way, and each has its place (R170, R293)', 'order'],
    [`no folder has more than ${MOST_FILES_OF_FOLDER} files of its own (R133)`, 'folders'],
    ['only main, commands and what is needed seldom import later (R135)', 'late'],
    ['a command imports its work once (R135)', 'doors'],
  ])('%s', (_title, rule) => {
    expect(problemsOf(sources, rule, EXCUSED[rule])).toEqual([]);
  });
});

test('nothing in src/ is exported that nobody imports (R481)', () => {
  const users = ['bench/', 'test/'].flatMap((folder) =>
    readdirSync(new URL(`../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => `../${folder}${path.replaceAll('\\', '/')}`)
      .map((path) => [path, readFileSync(SRC + path, 'utf8')]),
  );
  const all = { ...sources, ...Object.fromEntries(users) };
  expect(problemsOf(all, 'exports', EXCUSED.exports)).toEqual([]);
});

const lines = (count: number) => Array.from({ length: count }, () => '1;').join('\n');

/** With its own first and last line. */
const block = (open: string, count: number, close = '}') =>
  `${open}\n${lines(count - 2)}\n${close}`;

describe('the rule of', () => {
  test('files lets 200 lines be, and reports 201', () => {
    const found = problemsOf({ 'a.ts': `${lines(200)}\n`, 'b.ts': `${lines(201)}\n` }, 'files');
    expect(found).toEqual(['b.ts: 201 lines']);
  });

  test.each([
    ['a declaration', 'f', 'function f() {', '}'],
    ['an export', 'f', 'export async function* f() {', '}'],
    ['an expression', 'f', '(function f() {', '})'],
    ['an arrow function', 'a function', 'const f = async () => {', '}'],
    ['an argument', 'a function', 'f(() => {', '})'],
    ['a method', 'f', 'class C { f() {', '}}'],
    ['a private method', 'f', 'class C { static #f() {', '}}'],
    ['a getter of a class', 'f', 'class C { get f() {', '}}'],
    ['a constructor', 'constructor', 'class C { constructor() {', '}}'],
    ['a method of an object', 'f', 'const o = { f() {', '}}'],
    ['a getter of an object', 'f', 'const o = { get f() {', '}}'],
    ['a setter of an object', 'f', 'const o = { set f(v) {', '}}'],
    ['a function inside another', 'f', 'function g() { function f() {', '} }'],
  ])('functions lets %s of 40 lines be, and reports 41', (_what, name, open, close) => {
    expect(problemsOf({ 'a.ts': block(open, 40, close) }, 'functions')).toEqual([]);
    const [found] = problemsOf({ 'a.ts': `// é\n${block(open, 41, close)}` }, 'functions').slice(
      -1,
    );
    expect(found).toBe(`a.ts: ${name} at line 2 has 41 lines`);
  });

  test('functions counts from the signature on, whatever stands above it', () => {
    const signature = 'function f(\n  a,\n) {';
    const documented = `/**\n * One.\n * Two.\n */\n${block(signature, 39)}`;
    const [found] = problemsOf({ 'a.ts': documented }, 'functions');
    expect(found).toBe('a.ts: f at line 5 has 41 lines');
  });

  test.each([
    ['values', "import { b } from './b.js';"],
    ['types', "import type { B } from './b.js';"],
    ['a re-export', "export * from './b.js';"],
    ['a type that is written in place', "let b: import('./b.js').B;"],
    ['an import()', "await import('./b.js');"],
    ['a require()', "const b = require('./b.js');"],
    ['an import of a require()', "import b = require('./b.js');"],
    ['a reference', '/// <reference path="b.ts" />'],
    ['an import without an ending', "import { b } from './b';"],
  ])('cycles reports one by %s', (_by, source) => {
    const others = {
      'd/b.ts': "import type { C } from '../c.js';",
      'c.ts': "export * from './d/a.js';",
    };
    const found = problemsOf({ 'd/a.ts': source, ...others }, 'cycles');
    expect(found).toEqual([
      'd/a.ts: imports itself by d/b.ts, c.ts',
      'd/b.ts: imports itself by c.ts, d/a.ts',
      'c.ts: imports itself by d/a.ts, d/b.ts',
    ]);
  });

  test('cycles lets two ways to the same file be', () => {
    const found = problemsOf(
      {
        'a.ts': "import './b.js'; import './c.js'",
        'b.ts': "import './c.js'",
        'c.ts': "import 'd'",
      },
      'cycles',
    );
    expect(found).toEqual([]);
  });

  test('circles reports folders of a room that import each other, by types and around too', () => {
    const found = problemsOf(
      {
        'transfer/a/a.ts': "import type { B } from '../b/deep/b.js';",
        'transfer/b/deep/b.ts': "import '../../c/c.js';",
        'transfer/c/c.ts': "import '../a/other.js';",
        'transfer/d/d.ts': "import '../a/a.js';",
      },
      'circles',
    );
    expect(found).toEqual([
      'transfer/a: imports itself by transfer/b, transfer/c',
      'transfer/b: imports itself by transfer/c, transfer/a',
      'transfer/c: imports itself by transfer/a, transfer/b',
    ]);
  });

  test('circles lets a folder and the files of its room import each other', () => {
    const files = { 'transfer/a/a.ts': "import '../b.js'", 'transfer/b.ts': "import './a/c.js'" };
    expect(problemsOf(files, 'circles')).toEqual([]);
  });

  test('order reports what a folder imports of one above it', () => {
    const found = problemsOf(
      {
        'session/stream/a.ts': "import type { L } from '../login/l.js';",
        'session/login/l.ts': "import '../stream/b.js';",
        'protocol/si/deep/s.ts': "import '../../jingle/j.js'; import '../../ibb/i.js';",
        'protocol/bob/b.ts': "import '../noise/n.js';",
      },
      'order',
    );
    expect(found).toEqual([
      'session/stream/a.ts: imports session/login, which is above',
      'protocol/si/deep/s.ts: imports protocol/jingle, which is above',
    ]);
  });

  test('order reports a folder that has no place, in a room or in none', () => {
    const files = { 'transfer/new/a.ts': '', 'transfer/new/b.ts': '', 'room/new/deep/c.ts': '' };
    expect(
      problemsOf({ ...files, 'transfer/d.ts': '', 'transfer/ways/e.ts': '' }, 'order'),
    ).toEqual([
      'transfer/new: has no place in the order of its room',
      'room/new: has no place in the order of its room',
    ]);
  });

  test('folders lets 15 files and a folder of more be, and reports 16', () => {
    const names = Array.from({ length: 15 }, (_, index) => [`a/${index}.ts`, '']);
    const files = { ...Object.fromEntries(names), 'a/b/c.ts': '' };
    expect(problemsOf(files, 'folders')).toEqual([]);
    expect(problemsOf({ ...files, 'a/d.ts': '' }, 'folders')).toEqual(['a: 16 files']);
  });

  test.each(['main.ts', 'commands/send.ts', 'commands/help/man.ts', 'ui/create-report.ts'])(
    'late lets %s import later',
    (path) => {
      expect(problemsOf({ [path]: "await import('./b.js');" }, 'late')).toEqual([]);
    },
  );

  test.each(['index.ts', 'session/a.ts', 'protocol/main.ts', 'ui/bars.ts'])(
    'late reports %s that does',
    (path) => {
      const found = problemsOf({ [path]: "import 'a'; await import('./b.js');" }, 'late');
      expect(found).toEqual([`${path}: import() of ./b.js`]);
    },
  );

  test('doors lets a command import later once, and reports a second time', () => {
    const once = "import 'a'; await import('./b.js');";
    expect(problemsOf({ 'commands/a.ts': once, 'main.ts': once + once }, 'doors')).toEqual([]);
    const found = problemsOf({ 'commands/a.ts': once + once }, 'doors');
    expect(found).toEqual(['commands/a.ts: 2 times import()']);
  });
});

describe('the rule of exports', () => {
  test.each([
    ['a constant', 'export const a = 1;'],
    ['the second of two', 'export const b = 1, a = 2;'],
    ['a function', 'export async function a() {}'],
    ['a class', 'export class a {}'],
    ['a type', 'export type a = string;'],
    ['an interface', 'export interface a {}'],
    ['an enumeration', 'export enum a {}'],
    ['a list', 'const a = 1; export { a };'],
  ])('reports %s that nobody imports', (_what, source) => {
    const problem = 'a.ts: exports a, which nobody imports';
    for (const user of ["import './a.js';", 'a;', "import { a } from './c.js';"]) {
      expect(problemsOf({ 'a.ts': source, 'c.ts': user }, 'exports')).toContain(problem);
    }
    const user = "import { a, b } from './a.js';";
    expect(problemsOf({ 'a.ts': source, 'c.ts': user }, 'exports')).toEqual([]);
  });

  test.each([
    ['b.ts', "import type { a } from './a.js';"],
    ['b.ts', "export { a } from './a.js';"],
    ['b.ts', "const { a } = await import('./a.js');"],
    ['b.ts', "import * as all from './a.js'; all.a;"],
    ['../test/b.test.ts', "import { a } from '../src/a.js';"],
  ])('lets one be that %s imports by %s', (path, source) => {
    const from = path.startsWith('../') ? { 'a.ts': '' } : {};
    expect(
      problemsOf({ ...from, 'a.ts': 'export const a = 1;', [path]: source }, 'exports'),
    ).toEqual([]);
  });

  test('asks for no user of what a test exports', () => {
    expect(problemsOf({ '../test/a.ts': 'export const a = 1;' }, 'exports')).toEqual([]);
  });
});

describe('the list of exceptions', () => {
  test('excuses a file', () => {
    expect(problemsOf({ 'a.ts': lines(201) }, 'files', ['a.ts'])).toEqual([]);
  });

  test('may not keep what breaks nothing, or is not there', () => {
    expect(problemsOf({ 'a.ts': '' }, 'files', ['a.ts', 'b.ts'])).toEqual([
      'a.ts: take it off the list',
      'b.ts: take it off the list',
    ]);
  });
});
