import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { runInband, runInbandOnTerminal } from '../../support/programs/inband.js';

const home = mkdtempSync(join(tmpdir(), 'inband-help-'));
afterAll(() => rmSync(home, { recursive: true }));

async function run(...args: string[]) {
  const env = { INBAND_ACCOUNT: 'romeo@example.org', INBAND_PASSWORD: 'x' };
  const running = runInband(args, { home, env });
  const { code } = await running.exited;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

test('inband alone shows the commands in the order in which one needs them (R670)', async () => {
  const { code, stderr } = await run();
  expect(code).toBe(2);
  const names = [...stderr.matchAll(/^ {2}([a-z]+)(?= )/gm)].map(([, name]) => name);
  expect(names.join(' ')).toMatch(
    /^login logout receive send received upload probe publish fetch cache key trust config completion man help/,
  );
});

describe('inband help (R670)', () => {
  test.each([
    [['send'], 'Usage: inband send '],
    [['key', 'export'], 'Usage: inband key export '],
    [[], 'Usage: inband <command>'],
    [['slow'], 'Why is it slow?\n'],
    [['bug'], 'Report a bug\n'],
    [['exit-codes'], '0              done\n'],
    [['events'], 'state: the session changes\n'],
    [['settings'], 'A flag beats an environment variable, which beats the settings file.'],
  ])('%j shows it on standard output', async (words, start) => {
    const { code, stdout, stderr } = await run('help', ...words);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.slice(0, start.length)).toBe(start);
  });

  test.each([
    [
      ['sned'],
      'there is no help for "sned"\n  did you mean "inband help send"?\n  "inband help" shows what there is\n',
    ],
    [
      ['key', 'exprt'],
      'there is no help for "exprt"\n  did you mean "inband help key export"?\n  "inband help key" shows what there is\n',
    ],
    [['shakespeare'], 'there is no help for "shakespeare"\n  "inband help" shows what there is\n'],
    [
      ['send', 'receive'],
      '"inband help" shows one command or page at a time\n  inband help send\n  inband help receive\n',
    ],
    [
      ['slow', 'send', 'x'],
      '"inband help" shows one command or page at a time\n  inband help slow\n  inband help send\n',
    ],
    [['send', 'x'], 'there is no help for "x"\n  "inband help send" shows what there is\n'],
    [['constructor'], 'there is no help for "constructor"\n  "inband help" shows what there is\n'],
  ])('%j is not known, and what is near is named', async (words, told) => {
    expect(await run('help', ...words)).toEqual({
      code: 2,
      stdout: '',
      stderr: `inband: ${told}`,
    });
  });

  test('lists the pages, each of which there is (R1169)', async () => {
    const [, pages = ''] = (await run('help')).stdout.split('Pages, by "inband help <word>":\n');
    const names = [...pages.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name]) => name as string);
    expect(names).toEqual(['slow', 'settings', 'exit-codes', 'events', 'bug']);
    for (const name of names) expect((await run('help', name)).code).toBe(0);
  });

  test.each(['slow', 'bug'])(
    '%s fits a terminal of 80 columns, and has no marks of Markdown',
    async (page) => {
      const { stdout } = await run('help', page);
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(stdout).not.toMatch(/[`#]{2}|\]\(/);
    },
  );
});

test.each([
  [40, ['send']],
  [40, []],
  [40, ['settings']],
  [40, ['exit-codes']],
  [40, ['events']],
  [80, ['exit-codes']],
  [80, ['events']],
])(
  'at %i columns each line of help fits, but for single words: %j (R1082)',
  async (columns, words) => {
    const { output, exited } = runInbandOnTerminal(['help', ...words], { home, columns });
    expect(await exited).toMatchObject({ code: 0 });
    const lines = output().split(/\r?\n/);
    // What is typed is not broken.
    const told = lines.filter((line) => !/\binband (send|receive) |^[a-z-]+ = /.test(line));
    expect(told.length).toBeGreaterThan(10);
    const tooLong = told.filter((line) => line.length > columns);
    expect(tooLong.filter((line) => line.trim().includes(' '))).toEqual([]);
  },
  60_000,
);

test.each([
  [
    ['sned'],
    '"inband" knows no command "sned"\n  did you mean send?\n  "inband help" shows the commands\n',
  ],
  [
    ['cache', 'foo'],
    '"inband cache" knows no command "foo"\n  "inband help cache" shows the commands\n',
  ],
  [
    ['send', '--helpp'],
    '"inband send" knows no flag --helpp\n  did you mean --help?\n  "inband help send" shows its flags\n',
  ],
  [
    ['--json', 'send', 'a', 'b@c'],
    '"inband" knows no flag --json\n  it stands behind the command: inband <command> --json\n  "inband help" shows the commands\n',
  ],
  [['send'], '<file> is missing\n  inband send <file...> <jid>\n'],
  [['probe', 'a', 'b'], '"inband probe" takes no "b"\n  inband probe <jid>\n'],
  [['send', '--to'], '--to needs a value: --to <jid>\n'],
  [['send', '--stanza', 'foo', 'a', 'b@c'], '--stanza takes iq, message, auto; not foo\n'],
  [['send', '--window', '0', 'a', 'b@c'], '--window takes a whole number, 1 to 65535; not 0\n'],
  [['send', '--wait-factor', 'x', 'a', 'b@c'], '--wait-factor takes a number above 0; not x\n'],
  [['completion', 'foo'], '<shell> is one of bash, zsh, fish; not foo\n'],
  [
    ['receive', 'inbox'],
    '"inband receive" takes flags alone, and no "inbox"\n  the folder is given with --dir: inband receive --dir inbox\n',
  ],
  [
    ['receive', 'my inbox'],
    `"inband receive" takes flags alone, and no "my inbox"\n  the folder is given with --dir: inband receive --dir 'my inbox'\n`,
  ],
  [
    ['key', 'show', 'foo'],
    '"inband key show" takes flags alone, and no "foo"\n  "inband help key" shows the commands\n',
  ],
  [
    ['send', '--password-file', 'a', '--password-command', 'b', 'x', 'y@z'],
    '--password-file and --password-command exclude each other\n  give one of them\n',
  ],
])('%j is wrong, and what would be right stands below (R671)', async (args, told) => {
  const stdout = args.includes('--json') ? expect.stringMatching(/^\{"event":"failed".*\n$/) : '';
  expect(await run(...args)).toEqual({ code: 2, stdout, stderr: `inband: ${told}` });
});

const TRUST = '"inband help trust" shows the commands';
const OF_KEY = '"inband help key" shows the commands';

test.each<[args: string[], told: string[]]>([
  [
    ['trust', 'ad', 'juliet@example.org'],
    ['"inband trust" knows no command "ad"', 'did you mean add?', TRUST],
  ],
  [
    ['trust', 'lst'],
    ['"inband trust" knows no command "lst"', 'did you mean list?', TRUST],
  ],
  [
    ['trust', '--json', '--', 'lst'],
    ['"inband trust" knows no command "lst"', 'did you mean list?', TRUST],
  ],
  [
    ['trust', 'juliet@example.org'],
    [
      '"inband trust" knows no command "juliet@example.org"',
      'of juliet@example.org: inband trust list juliet@example.org',
      TRUST,
    ],
  ],
  [
    ['trust', '--json', 'list'],
    ['the flags come last', 'inband trust list …'],
  ],
  [
    ['key', '-a', 'romeo@example.org', 'exprt', '-o', 'x'],
    ['"inband key" knows no command "exprt"', 'did you mean export?', OF_KEY],
  ],
  [
    ['key', 'foo'],
    ['"inband key" knows no command "foo"', OF_KEY],
  ],
  [
    ['key', '-a', 'romeo@example.org', 'export'],
    ['the flags come last', 'inband key export …'],
  ],
  [
    ['cache', 'lst'],
    [
      '"inband cache" knows no command "lst"',
      'did you mean list?',
      '"inband help cache" shows the commands',
    ],
  ],
])(
  '%j has a command that there is not, and is told so (R1270)',
  async (args, [error, ...hints]) => {
    const lines = [`inband: ${error}`, ...hints.map((hint) => `  ${hint}`)];
    const stdout = args.includes('--json') ? expect.stringMatching(/^\{"event":"failed".*\n$/) : '';
    expect(await run(...args)).toEqual({
      ...{ code: 2, stdout },
      stderr: lines.map((line) => `${line}\n`).join(''),
    });
  },
);
