import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runInband } from './support/inband.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'inband-main-'));
});
afterEach(() => rm(home, { recursive: true }));

async function run(args: string[], env: Record<string, string> = {}) {
  const running = runInband(args, { home, cwd: home, env });
  const { code } = await running.exited;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

describe('what is loaded', () => {
  /** Node's module hooks that write down the URL of each module. */
  const HOOKS = `import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      appendFileSync(process.env.LOADED_MODULES, url + '\\n');
      return next(url, context);
    }`;
  const dataUrl = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;
  const REGISTER = dataUrl(
    `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(HOOKS))});`,
  );

  /** The packages, and our own modules, that a run of the program loads. */
  async function loadedBy(...args: string[]): Promise<string[]> {
    const list = join(home, 'loaded');
    await run(args, { NODE_OPTIONS: `--import=${REGISTER}`, LOADED_MODULES: list });
    const urls = (await readFile(list, 'utf8')).split('\n');
    const names = urls.map(
      (url) =>
        /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? /\/dist\/(.*)/.exec(url)?.[1],
    );
    return [...new Set(names.filter((name) => name !== undefined))];
  }

  test.each([['--version'], ['--help'], ['send', '--help'], ['receive', '--help']])(
    '%s %s loads neither the XMPP library nor the terminal ones',
    async (...args) => {
      const loaded = await loadedBy(...args);
      expect(loaded).toEqual(expect.arrayContaining(['commander', 'main.js']));
      const slow = loaded.filter((name) => /^(@xmpp\/|ora$|cli-progress$)/.test(name));
      expect(slow).toEqual([]);
    },
  );

  test('a command that goes online loads the XMPP library, and in a pipe none for terminals', async () => {
    const account = ['-a', 'alice@localhost', '--service', 'xmpp://127.0.0.1:1'];
    const password = ['--password-command', 'echo secret'];
    const loaded = await loadedBy('send', '-', 'bob@localhost', ...account, ...password);
    expect(loaded.filter((name) => name.startsWith('@xmpp/'))).not.toEqual([]);
    expect(loaded.filter((name) => /^(ora|cli-progress)$/.test(name))).toEqual([]);
  });
});

test('--version prints the version of package.json', async () => {
  const { version } = JSON.parse(
    await readFile(new URL('../package.json', import.meta.url), 'utf8'),
  );
  expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('an unknown command exits with 2', async () => {
  const { code, stdout, stderr } = await run(['upload', 'file']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^[^\n]*'upload'[^\n]*\n$/);
});

test('no command prints the help on stderr and exits with 2', async () => {
  const { code, stdout, stderr } = await run([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^Usage: inband /);
});

test('every command has a help that exits with 0', async () => {
  const help = await run(['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  const [, list = ''] = help.stdout.split('Commands:\n');
  const commands = list.match(/^ {2}\w+/gm)?.map((name) => name.trim()) ?? [];
  expect(commands).toEqual(expect.arrayContaining(['send', 'receive', 'publish', 'fetch']));
  for (const command of commands.filter((name) => name !== 'help')) {
    const outcome = await run([command, '--help']);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toMatch(new RegExp(`^Usage: inband ${command} `));
    expect(await run(['help', command])).toEqual(outcome);
  }
});
