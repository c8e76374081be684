import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { exitCodeRows } from '../../../src/commands/exit-codes.js';
import { runInband } from '../../support/programs/inband.js';
import { start } from '../../support/programs/process.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PAGE = `${ROOT}inband.1`;

async function outputOf(command: string, ...args: string[]) {
  const running = start(command, args, { cwd: ROOT, stdin: '' });
  const { code } = await running.exited;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

/** As it is read, without overstriking. */
async function pageText(): Promise<string> {
  const { stdout } = await outputOf('mandoc', '-Tascii', '-Owidth=200', PAGE);
  return stdout.replace(/.[\b]/g, '');
}

async function helpOf(...command: string[]): Promise<string> {
  const running = runInband([...command, '--help'], { home: ROOT });
  await running.exited;
  return running.stdout();
}

test('the manual page has no warnings', async () => {
  const args = ['-Tlint', '-Wwarning', PAGE];
  expect(await outputOf('mandoc', ...args)).toEqual({ code: 0, stdout: '', stderr: '' });
});

describe('the manual page has all flags of', () => {
  test.each([
    ['send'],
    ['receive'],
    ['publish'],
    ['fetch'],
    ['probe'],
    ['cache', 'remove'],
    ['config'],
  ])('%s %s', async (...command) => {
    const page = await pageText();
    const flags = (await helpOf(...command.filter(Boolean))).match(/^ {2}.*--[a-z-]+/gm) ?? [];
    expect(flags.length).toBeGreaterThan(3);
    for (const flag of flags.filter((one) => !one.includes('--help'))) {
      expect(page).toContain(flag.trim());
    }
  });
});

test('the manual page has the variables, the files and the examples', async () => {
  const page = await pageText();
  for (const name of ['ACCOUNT', 'PASSWORD', 'SERVICE', 'TLS_CA']) {
    expect(page).toMatch(new RegExp(`^ +INBAND_${name}$`, 'm'));
  }
  expect(page).toContain('$XDG_CONFIG_HOME/inband/config.toml');
  expect(page).toContain('tar cz photos | inband send --name photos.tar.gz - juliet@example.org');
});

test('the manual page and docs/usage.md have the table of exit codes', async () => {
  const [, page = ''] = (await pageText()).split('EXIT STATUS');
  const [, usage = ''] = (await readFile(`${ROOT}docs/usage.md`, 'utf8')).split('## Exit codes');
  const [table = ''] = usage.split('\n## ');
  const rows = [...table.matchAll(/^\| (\d[\d, ]*?) *\| (.*?) *\|$/gm)];
  expect(rows.map(([, codes, meaning]) => [codes, meaning])).toEqual(exitCodeRows());
  for (const [codes] of exitCodeRows()) expect(page).toMatch(new RegExp(`^ +${codes}( |$)`, 'm'));
});
