import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runInband } from '../../support/programs/inband.js';
import { start } from '../../support/programs/process.js';
import { type OnTerminal, startOnTerminal } from '../../support/programs/terminal.js';

/** To the start of the line. */
const CTRL_A = '\x01';

const LAUNCHER = fileURLToPath(new URL('../../../bin/inband.js', import.meta.url));

let home: string;
let opened: OnTerminal | undefined;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'inband-completion-'));
  await mkdir(join(home, '.config/inband'), { recursive: true });
  await writeFile(
    join(home, '.config/inband/config.toml'),
    '[accounts.work]\njid = "juliet@example.org"\n[accounts.home]\njid = "romeo@example.org"\n' +
      '[names]\nnurse = "nurse@example.org"\n',
  );
  await mkdir(join(home, '.cache/inband'), { recursive: true });
  await writeFile(join(home, '.cache/inband/contacts'), 'tybalt@capulet.example\n');
  await mkdir(join(home, 'a folder'));
  await writeFile(join(home, 'photo one.jpg'), '');
  await mkdir(join(home, 'bin'));
  await writeFile(
    join(home, 'bin/inband'),
    `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`,
  );
  await chmod(join(home, 'bin/inband'), 0o755);
});
afterEach(async () => {
  await opened?.stop('SIGKILL');
  opened = undefined;
  await rm(home, { recursive: true });
});

const environment = () => ({
  HOME: home,
  PATH: `${join(home, 'bin')}:${process.env.PATH}`,
  TERM: 'xterm',
  LANG: 'C.UTF-8',
  HISTFILE: '/dev/null',
});

async function complete(...words: string[]): Promise<string[]> {
  const running = runInband(['complete', '--', ...words], { home, cwd: home });
  expect(await running.exited).toEqual({ code: 0, signal: null });
  expect(running.stderr()).toBe('');
  return running.stdout().split('\n').slice(0, -1);
}

const wordsOf = (lines: string[]) => lines.map((line) => line.split('\t')[0]);

describe('the words that may come', () => {
  test('are the commands, with what they do', async () => {
    const lines = await complete('');
    expect(wordsOf(lines)).toEqual(
      expect.arrayContaining([
        'send',
        'receive',
        'publish',
        'fetch',
        'probe',
        'cache',
        'config',
        'help',
      ]),
    );
    expect(lines).toContain('send\tsend files and folders to a JID');
    expect(wordsOf(lines)).not.toContain('complete');
  });

  test.each<[string[], string[]]>([
    [['s'], ['send']],
    [
      ['cache', ''],
      ['list', 'remove', 'prune', 'help'],
    ],
    [['cache', 'r'], ['remove']],
    [['send', '--sta'], ['--stanza']],
    [
      ['send', '--stanza', ''],
      ['iq', 'message', 'auto'],
    ],
    [['send', '--stanza=m'], ['message']],
    [['send', '--stanza', 'iq', '--b'], ['--block-size']],
    [
      ['send', '-a', ''],
      ['work', 'home'],
    ],
    [['fetch', '--account=w'], ['work']],
    [['send', ''], [':files']],
    [
      ['send', 'photo', ''],
      ['nurse', 'tybalt@capulet.example', ':files'],
    ],
    [
      ['receive', '--allow', ''],
      ['own', 'contacts', 'anyone', 'nurse', 'tybalt@capulet.example'],
    ],
    [['receive', '--allow=c'], ['contacts']],
    [['fetch', '--from', 't'], ['tybalt@capulet.example']],
    [
      ['probe', ''],
      ['nurse', 'tybalt@capulet.example'],
    ],
    [['send', 'photo', 'x'], [':files']],
    [['send', '--json', '--', '-'], [':files']],
    [['send', '--tls-ca', ''], [':files']],
    [['receive', '--dir=x'], [':files']],
    [['send', '--name', ''], []],
    [['send', '--bogus=', ''], [':files']],
    [['fetch', ''], []],
    [['receive', ''], []],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['completion', 'bash', ''], []],
  ])('after %j are %j (R204)', async (words, expected) => {
    expect(wordsOf(await complete(...words))).toEqual(expected);
  });

  test('are flags with what they mean', async () => {
    expect(await complete('receive', '--onc')).toEqual([
      '--once\tend after the first file that arrived whole',
    ]);
  });
});

test('the cid of a blob that is here may come, to be fetched or removed (R204)', async () => {
  await runInband(['publish', 'photo one.jpg'], { home, cwd: home }).exited;
  for (const words of [
    ['fetch', 'sha'],
    ['cache', 'remove', 'sha'],
  ]) {
    expect(await complete(...words)).toEqual([
      expect.stringMatching(/^sha-256\+.*@bob\.xmpp\.org$/),
    ]);
  }
});

test('a settings file that makes no sense adds no names and spoils nothing', async () => {
  await writeFile(join(home, '.config/inband/config.toml'), 'nonsense');
  const running = runInband(['complete', '--', 'send', '-a', ''], { home, cwd: home });
  expect(await running.exited).toEqual({ code: 2, signal: null });
  expect(running.stdout()).toBe('');
  expect(await complete('send', '--stan')).toHaveLength(1);
});

describe.each<[string, string[], string]>([
  ['bash', ['bash', '--norc', '--noprofile', '-i'], ''],
  ['zsh', ['zsh', '-f', '-i'], 'autoload -U compinit; compinit -u; '],
])('%s', (shell, command, first) => {
  test.each<[string, string, string[]]>([
    ['a command', 'inband pub', ['inband', 'publish']],
    ['a subcommand', 'inband cache pru', ['inband', 'cache', 'prune']],
    ['a flag', 'inband send --stan', ['inband', 'send', '--stanza']],
    ['a value', 'inband send --stanza m', ['inband', 'send', '--stanza', 'message']],
    ['a value after =', 'inband send --stanza=m', ['inband', 'send', '--stanza=message']],
    ['an account', 'inband send -a wo', ['inband', 'send', '-a', 'work']],
    ['a file', 'inband send pho', ['inband', 'send', 'photo one.jpg']],
    ['a file after =', 'inband send --tls-ca=p', ['inband', 'send', '--tls-ca=photo one.jpg']],
    ['a name', 'inband probe nu', ['inband', 'probe', 'nurse']],
    ['a JID', 'inband probe tyb', ['inband', 'probe', 'tybalt@capulet.example']],
    ['a JID behind its @', 'inband probe tybalt@c', ['inband', 'probe', 'tybalt@capulet.example']],
    ['a JID right at its @', 'inband probe tybalt@', ['inband', 'probe', 'tybalt@capulet.example']],
    [
      'a JID behind = and @',
      'inband fetch --from=tybalt@c',
      ['inband', 'fetch', '--from=tybalt@capulet.example'],
    ],
    ['nothing where nothing fits', 'inband fetch p', ['inband', 'fetch', 'p']],
  ])('completes %s (R204)', async (_, typed, expected) => {
    const env = { ...environment(), PS1: 'ready> ' };
    opened = startOnTerminal(command, { cwd: home, env });
    await opened.shows(/ready> /);
    opened.type(`${first}source <(inband completion ${shell}); PS1='set''> '\n`);
    await opened.shows(/set> /);
    // The completed line becomes the words that printf is to show.
    opened.type(`${typed}\t${CTRL_A}printf '<%s>' \n`);
    const words = expected.map((word) => `<${word}>`).join('');
    await opened.shows(new RegExp(words.replace('.', '\\.')));
  });
});

describe('fish', () => {
  test.each<[string, string[]]>([
    ['inband pub', ['publish']],
    ['inband cache pru', ['prune']],
    ['inband send --stan', ['--stanza']],
    ['inband send --stanza m', ['message']],
    ['inband send --stanza=m', ['--stanza=message']],
    ['inband send -a ', ['work', 'home']],
    ['inband send pho', ['photo one.jpg']],
    ['inband receive --dir=a', ['--dir=a folder/']],
    ['inband receive --json ', []],
    ['inband fetch ', []],
    ['inband probe ', ['nurse', 'tybalt@capulet.example']],
    ['inband probe tybalt@', ['tybalt@capulet.example']],
  ])('completes "%s" to %j', async (line, expected) => {
    const script = 'inband completion fish | source; complete --do-complete $argv[1]';
    const running = start('fish', ['--no-config', '-c', script, line], {
      ...{ cwd: home, env: environment(), stdin: '' },
    });
    expect(await running.exited).toEqual({ code: 0, signal: null });
    expect(wordsOf(running.stdout().split('\n').slice(0, -1)).sort()).toEqual(expected.sort());
  });
});
