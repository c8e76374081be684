import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { forbiddenImports } from './support/code/imports.js';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

test('imports in src/ point the way that design.md says, types too (R134)', () => {
  const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' });
  const sources = paths
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path, readFileSync(SRC + path, 'utf8')]);
  expect(sources.length).toBeGreaterThan(0);
  expect(forbiddenImports(Object.fromEntries(sources))).toEqual([]);
});

describe('the check', () => {
  test.each([
    ['commands/send.ts', "import { sendFile } from '../transfer/send.js';"],
    ['commands/send.ts', "import { terminal } from '../ui/terminal.js';"],
    ['commands/send.ts', "import type { Session } from '../session/session.js';"],
    ['transfer/send.ts', "import { StanzaError } from '../session/stanza-error.js';"],
    ['protocol/jingle/offer.ts', "import { hash } from '../hashes.js';"],
    ['storage/inbox.ts', "import type { Inbox } from '../transfer/inbox.js';"],
    ['storage/lock/a.ts', "import { NoRoom } from '../../transfer/inbox-errors.js';"],
    ['storage/inbox.ts', "import { formatBytes } from '../units.js';"],
    ['storage/inbox.ts', "import { shellWord } from '../shell.js';"],
    ['ui/qr.ts', "import { renderUnicode } from 'uqr';"],
    ['ui/foot.ts', "const { default: ora } = await import('ora');"],
    ['ui/foot.ts', "import { MultiBar } from 'cli-progress';"],
    ['session/xml.ts', "import { xml } from '@xmpp/xml';"],
    ['main.ts', "import { openInbox } from './storage/inbox.js';"],
    ['index.ts', "export * from './protocol/bob/content-id.js';"],
    ['ui/progress.ts', "import { stat } from 'node:fs/promises';"],
  ])('lets %s say %s', (path, source) => {
    expect(forbiddenImports({ [path]: source })).toEqual([]);
  });

  test.each([
    ['protocol/ibb/a.ts', "import { b } from '../../transfer/b.js';", 'transfer/b.ts'],
    ['protocol/ibb/a.ts', "import type { B } from '../../transfer/b.js';", 'transfer/b.ts'],
    ['session/a.ts', "import { b } from '../protocol/b.js';", 'protocol/b.ts'],
    ['session/a.ts', "export * from '../protocol/b.js';", 'protocol/b.ts'],
    ['session/a.ts', "export { b } from '../protocol/b.js';", 'protocol/b.ts'],
    ['session/a.ts', "const b = await import('../protocol/b.js');", 'protocol/b.ts'],
    ['session/a.ts', "let b: import('../protocol/b.js').B;", 'protocol/b.ts'],
    ['transfer/a.ts', "import { b } from '../commands/b.js';", 'commands/b.ts'],
    ['transfer/a.ts', "import { b } from '../ui/b.js';", 'ui/b.ts'],
    ['transfer/a.ts', "import { b } from '../storage/b.js';", 'storage/b.ts'],
    ['storage/a.ts', "import type { B } from '../commands/b.js';", 'commands/b.ts'],
    ['transfer/inbox-errors.ts', "import type { B } from './b.js';", 'transfer/b.ts'],
    ['units.ts', "import type { B } from './session/b.js';", 'session/b.ts'],
    ['shell.ts', "import type { B } from './session/b.js';", 'session/b.ts'],
    ['ui/a.ts', "import type { B } from '../commands/b.js';", 'commands/b.ts'],
    ['commands/a.ts', "import type { B } from '../storage/b.js';", 'storage/b.ts'],
    ['commands/a.ts', "import { b } from '../protocol/b.js';", 'protocol/b.ts'],
    ['commands/a.ts', "import type { B } from '../protocol/b.js';", 'protocol/b.ts'],
    ['commands/a.ts', "import { b } from '../main.js';", 'main.ts'],
    ['main.ts', "import { b } from './index.js';", 'index.ts'],
    ['session/a.ts', "import b = require('../protocol/b.js');", 'protocol/b.ts'],
    ['session/a.ts', "const b = require('../protocol/b.js');", 'protocol/b.ts'],
    ['session/a.ts', '/// <reference path="../protocol/b.d.ts" />', 'protocol/b.d.ts'],
    ['session/a.ts', "import b from '../session/b';", 'session/b.ts (without its .js)'],
    ['session/a.ts', "import { createRequire } from 'node:module';", 'node:module'],
    ['session/a.ts', "import { createRequire } from 'module';", 'module'],
    ['session/a.ts', 'const b = require(name);', 'import() of something other than a string'],
    ['utils/a.ts', "import { b } from '../session/b.js';", 'session/b.ts'],
  ])('reports %s for %s', (path, source, target) => {
    expect(forbiddenImports({ [path]: source })).toEqual([`${path} -> ${target}`]);
  });

  test.each([
    "import { b } from '../protocol/b.js';",
    "import type { B } from '../protocol/b.js';",
    "const { b } = await import('../protocol/b.js');",
  ])('keeps a command from knowing a protocol: %s (R142)', (source) => {
    expect(forbiddenImports({ 'commands/a.ts': source })).toEqual([
      'commands/a.ts -> protocol/b.ts',
    ]);
  });

  test.each([
    ['storage/a.ts', "import { b } from '../protocol/b.js';", 'protocol/b.ts'],
    ['ui/a.ts', "import { type B } from '../transfer/b.js';", 'transfer/b.ts'],
    ['commands/a.ts', "import { b } from '../session/b.js';", 'session/b.ts'],
  ])('allows %s only types where it says %s', (path, source, target) => {
    const expected = `${path} -> ${target} (types only: import type)`;
    expect(forbiddenImports({ [path]: source })).toEqual([expected]);
  });

  test.each([
    ['protocol/a.ts', "import { xml } from '@xmpp/client';", '@xmpp/client (for session/ only)'],
    ['protocol/a.ts', "import type { X } from '@xmpp/xml';", '@xmpp/xml (for session/ only)'],
    ['commands/a.ts', "const qr = await import('uqr');", 'uqr (for ui/ only)'],
    ['main.ts', "import { encode } from 'uqr';", 'uqr (for ui/ only)'],
    ['main.ts', "import ora from 'ora';", 'ora (for ui/ only)'],
    ['main.ts', "import bar from 'cli-progress';", 'cli-progress (for ui/ only)'],
    ['ui/a.ts', "import { parse } from 'smol-toml';", 'smol-toml (for commands/ only)'],
    ['main.ts', 'await import(name);', 'import() of something other than a string'],
  ])('keeps %s from saying %s', (path, source, target) => {
    expect(forbiddenImports({ [path]: source })).toEqual([`${path} -> ${target}`]);
  });
});
