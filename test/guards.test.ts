import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { GUARDS, type GuardName } from './support/code/guards.js';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

const sources = Object.fromEntries(
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path.replaceAll('\\', '/'), readFileSync(SRC + path, 'utf8')]),
);

/** What is wrong with one made-up file, beside the list of ways and two errors. */
function found(guard: GuardName, path: string, source: string): string[] {
  const others = {
    'names.ts': "export const WAY_NAMES = ['jingle', 'si'] as const;",
    'errors.ts': 'class Broken extends Error {} class Torn extends Broken {}',
  };
  return GUARDS[guard]({ ...others, [path]: source }).map(({ text }) => text);
}

describe('nothing in src/', () => {
  test.each<[string, GuardName]>([
    ['takes a private handle of a library (R286)', 'handles'],
    ['compares the name of a way or an error (R286)', 'names'],
    ['of transfer but one table says what conditions mean (R286)', 'conditions'],
    ['that is an interface, or goes by one, names one XEP (R281)', 'interfaces'],
    ['has a comment that does not begin with the thing it is about (R484)', 'comments'],
  ])('%s', (_title, guard) => {
    expect(Object.keys(sources).length).toBeGreaterThan(100);
    expect(GUARDS[guard](sources)).toEqual([]);
  });
});

describe('the guard against private handles', () => {
  test.each([
    ['client._onElement(stanza);', '_onElement'],
    ["client['_onElement'](stanza);", '_onElement'],
    ['client?._mechs;', '_mechs'],
    ['const { _mechs } = factory;', '_mechs'],
    ['const { _mechs: mechanisms } = factory;', '_mechs'],
    ['class C extends Client { _onElement() {} }', '_onElement'],
    ['class C extends Client { f() { super._onElement(); } }', '_onElement'],
    ['stream._write(bytes);', '_write'],
  ])('reports %s', (source, name) => {
    expect(found('handles', 'session/a.ts', source)).toEqual([`the private handle ${name}`]);
  });

  test.each(['@xmpp/xml/lib/Parser.js', '@xmpp/client', '@xmpp/connection/index.js'])(
    'reports an import of %s',
    (specifier) => {
      const text = `the import of ${specifier}`;
      expect(found('handles', 'session/a.ts', `import '${specifier}';`)).toEqual([text]);
    },
  );

  test.each([
    "import { Parser } from '@xmpp/xml';",
    'class C extends Duplex { override _read() {} _write() {} }',
    'const f = (_unused: number, kept: number) => kept; class C { #private = 1; }',
    'const [_first, second] = pair;',
  ])('lets %s be', (source) => {
    expect(found('handles', 'session/a.ts', source)).toEqual([]);
  });
});

describe('the guard against comparing names', () => {
  test.each([
    ["way.name === 'jingle'", 'jingle'],
    ["'si' !== way?.name", 'si'],
    ["({ name }) => name === 'Broken'", 'Broken'],
    ["if (error.name == 'Torn') throw error;", 'Torn'],
    ["switch (error.name) { case 'Error': break; case 'other': }", 'Error'],
    ["['si', 'other'].includes(way.name)", 'si'],
  ])('reports %s', (source, name) => {
    const text = `a name is compared with '${name}'`;
    expect(found('names', 'transfer/a.ts', source)).toEqual([text]);
  });

  test.each(["'folder' in error", "(error) => 'isPassing' in error", "!('code' in cause)"])(
    'reports %s (R482)',
    (source) => {
      expect(found('names', 'transfer/a.ts', source)).toEqual(['an error is told by a member']);
    },
  );

  test.each([
    "'walk' in source",
    'for (const key in error) f(key);',
    "stanza.name === 'message'",
    'error instanceof Broken',
    "choice === 'jingle'",
    'one.name === other.name',
  ])('lets %s be', (source) => {
    expect(found('names', 'transfer/a.ts', source)).toEqual([]);
  });
});

describe('the guard of conditions', () => {
  test.each([
    "error.condition === 'gone'",
    'const { condition } = reason;',
    'const f = ({ condition: why }) => why;',
  ])('reports %s', (source) => {
    expect(found('conditions', 'transfer/sending/a.ts', source)).toEqual(['reads a condition']);
    expect(found('conditions', 'transfer/answers.ts', source)).toEqual([]);
    expect(found('conditions', 'protocol/a.ts', source)).toEqual([]);
  });

  test('lets a reason be made', () => {
    expect(found('conditions', 'transfer/a.ts', "fail({ condition: 'cancel' });")).toEqual([]);
  });
});

describe('the guard of comments', () => {
  test.each([
    ['/** Of memory, about. */', 'Of memory,'],
    ['/**\n * Those that are gone. */', 'Those that'],
    ['  // One that is expected.', 'One that'],
    ['// Who may, is asked.', 'Who may,'],
  ])('reports %j', (source, beginning) => {
    expect(found('comments', 'transfer/a.ts', source)).toEqual([`a comment begins "${beginning}"`]);
  });

  test.each([
    '/** One name of a file. */',
    '// What is it of? Those.',
    '// The one that\n// is of use.',
  ])('lets %j be', (source) => {
    expect(found('comments', 'transfer/a.ts', source)).toEqual([]);
  });
});

test.each([
  [
    'transfer/ways/way.ts',
    "import type { S } from '../../protocol/ibb/settings.js';",
    'ibb/settings',
  ],
  ['protocol/channel.ts', "import type { S } from './si/stanzas.js';", 'si/stanzas'],
  ['transfer/sending/a.ts', "import { s } from '../../protocol/ibb/s.js';", 'ibb/s'],
])('the guard of interfaces reports %s for %s', (path, source, target) => {
  expect(found('interfaces', path, source)).toEqual([`imports protocol/${target}.ts`]);
  expect(found('interfaces', 'transfer/ways/a.ts', source)).toEqual([]);
});
