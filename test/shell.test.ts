import { execFileSync, spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { shellOperands, shellQuoted, shellWord } from '../src/shell.js';
import { temporaryFolders } from './storage/temporary-folder.js';

const emptyFolder = temporaryFolders();

/** What a shell makes of a line: the arguments of a command in it. */
function argumentsIn(shell: string, line: string): string[] {
  const program = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
  const script = `"$0" -e '${program}' -- ${line}`;
  return JSON.parse(execFileSync(shell, ['-c', script, process.execPath], { encoding: 'utf8' }));
}

const HOSTILE = [
  ['a space', '/home/romeo montague/x.key'],
  ['quotes', `it's "so"`],
  ['a command', '$(touch x)`touch x`@example.org'],
  ['several commands', 'x;touch$IFS;x;|&@example.org'],
  ['patterns', '*?[a-z]{b,c}~#!'],
  ['a home', '~romeo'],
  ['a backslash', 'a\\b\\'],
  ['nothing', ''],
  ['letters of others', 'Äpfel und 日本.key'],
] as const;

test.each(HOSTILE)('what has %s is one word to a shell: %s (R1268)', (_, text) => {
  for (const shell of ['sh', 'bash']) {
    expect(argumentsIn(shell, shellWord(text, 'linux'))).toEqual([text]);
    expect(argumentsIn(shell, shellQuoted(text))).toEqual([text]);
  }
});

test.each([
  ...['a\nb', "\u001b[31m'red'\\", 'a\u200bb\u202e1', '\u00a0'],
  "a' $(touch x) #\u0001", // dash would run it in `$'…'`
])('what would not show leaves a gap, which every shell refuses: %j (R1325)', async (text) => {
  const word = shellWord(text, 'linux');
  expect(word).toBe('<…>');
  const cwd = await emptyFolder();
  for (const shell of ['sh', 'bash']) {
    for (const line of [word, `${word} more`, `a ${word}`]) {
      const { status, stdout } = spawnSync(shell, ['-c', `echo ${line}`], { cwd });
      expect([status === 0, stdout.length]).toEqual([false, 0]);
    }
  }
  expect(await readdir(cwd)).toEqual([]);
});

test('what needs no quotes has none (R1268)', () => {
  for (const text of ['photo.jpg', '/a/b-c_d+1', 'xmpp:ä@example.org', '-']) {
    expect(shellWord(text, 'linux')).toBe(text);
  }
});

test.each([
  ['C:\\Users\\Romeo', 'C:\\Users\\Romeo'],
  ['C:\\Users\\Romeo\\', 'C:\\Users\\Romeo\\'],
  ['C:\\My Files', '"C:\\My Files"'],
  ['romeo@example.org/Ähre', 'romeo@example.org/Ähre'],
  ["it's (so), ~#=[1]{2}", '"it\'s (so), ~#=[1]{2}"'],
  ['@romeo', '"@romeo"'], // a variable to PowerShell
  ['-dash.txt', '"-dash.txt"'], // two words to PowerShell
  ['-', '-'],
  ['', '""'],
])('on Windows %j is written as %s, for both shells (R1303)', (text, word) => {
  expect(shellWord(text, 'win32')).toBe(word);
});

test.each([
  '$(x)@example.org',
  'a`b',
  'a"b',
  'a"&calc&"@example.org',
  ...['\u201c', '\u201d', '\u201e'].map((quote) => `a${quote};calc;${quote}@example.org`),
  ...['\u2018', '\u2019', '\u201a', '\u201b'].map((quote) => `a${quote};calc`),
  '%PATH%@example.org',
  '!PATH!',
  ...['a&calc', 'a|calc', 'a<b', 'a>b', 'a^b', 'a;calc', 'a*', 'a?'],
  ...['a\nb', 'a\tb', 'a\u200bb', 'a\u00a0b', 'a\u2013b', 'a\uff02b'],
  'C:\\My Files\\',
])('on Windows %j is written as nothing that a shell would run (R1303)', (text) => {
  expect(shellWord(text, 'win32')).toBe('<…>');
});

test('an operand that begins like a flag is none (R1268)', () => {
  expect(shellOperands('a', '-')).toBe('a -');
  expect(shellOperands('a b', '-x')).toBe("-- 'a b' -x");
});
