import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { whileLocked } from '../../src/storage/lock/while-locked.js';
import { runInband, runInbandOnTerminal } from '../support/programs/inband.js';
import { CTRL_C, type OnTerminal } from '../support/programs/terminal.js';

const JULIET = 'juliet@example.org';
const KEY = 'aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq';
const SECRET = `INBAND-SECRET-KEY-${KEY.toUpperCase()}`;
const ACCOUNT = ['-a', 'romeo@example.org'];
const WAITS = /is in use by another inband \(process \d+\); waiting up to 10 s until it is free/;

let home: string;
let opened: OnTerminal[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'inband-locked-'));
});
afterEach(async () => {
  await Promise.all(opened.map((one) => one.stop('SIGKILL')));
  opened = [];
  await rm(home, { recursive: true });
});

const run = (args: string[], stdin = '') => runInband(args, { home, cwd: home, stdin });

function onTerminal(args: string[]): OnTerminal {
  const running = runInbandOnTerminal(args, { home, cwd: home, columns: 300 });
  opened.push(running);
  return running;
}

/** Does it while this process has the lock of a folder below the home, as another inband has it. */
async function holding(folder: string, job: (path: string) => Promise<void>): Promise<void> {
  const path = join(home, folder);
  await mkdir(path, { recursive: true, mode: 0o700 });
  await whileLocked(path, () => job(path));
}

/** All that is in the home, with the texts of the files. */
async function everything(): Promise<(readonly [string, string])[]> {
  const names = (await readdir(home, { recursive: true })).sort();
  return Promise.all(names.map(async (name) => [name, await textOf(join(home, name))] as const));
}

const textOf = async (path: string) =>
  (await stat(path)).isFile() ? readFile(path, 'utf8') : 'a folder';

const TRUST = '.local/share/inband/trust';
const OWN = '.local/share/inband/keys';
const PUBLIC = '.local/share/inband/public-keys';

test.each([
  [['trust', 'add', JULIET], KEY, TRUST, 'SIGINT', 130],
  [['trust', 'remove', JULIET], '', TRUST, 'SIGTERM', 143],
  [['key', 'import', ...ACCOUNT], SECRET, OWN, 'SIGTERM', 143],
  // It has the lock of the secret keys by then.
  [['key', 'import', ...ACCOUNT], SECRET, PUBLIC, 'SIGINT', 130],
] as const)(
  '%j <<< "%s" that waits for another inband in %s is ended by %s, and leaves all as it was (R1282)',
  async (args, stdin, folder, signal, code) => {
    await run(['key', ...ACCOUNT]).exited;
    await holding(folder, async () => {
      const before = await everything();
      const running = run([...args], stdin);
      await running.line(WAITS, 'stderr');
      expect(await running.stop(signal)).toEqual({ code, signal: null });
      expect(await everything()).toEqual(before);
      expect(running.stdout()).toBe('');
    });
  },
);

test('a command says which inband has what it waits for, and goes on when that is done (R1283)', async () => {
  let [added, waits] = [run(['trust']), ''];
  await holding(TRUST, async (path) => {
    added = run(['trust', 'add', JULIET], KEY);
    await added.line(WAITS, 'stderr');
    waits = `warning: ${path} is in use by another inband (process ${process.pid}); waiting up to 10 s until it is free\n`;
  });
  expect(await added.exited).toEqual({ code: 0, signal: null });
  expect(added.stderr()).toBe(`${waits}trusted: ${KEY} of ${JULIET}\n`);
});

test('a key is not replaced after Ctrl-C, though that was confirmed (R1282)', async () => {
  await run(['key', ...ACCOUNT]).exited;
  await holding(OWN, async () => {
    const before = await everything();
    const replacing = onTerminal(['key', 'replace', ...ACCOUNT]);
    await replacing.shows(/\[y\/N\] /);
    replacing.type('y\r');
    await replacing.shows(WAITS);
    replacing.type(CTRL_C);
    expect(await replacing.exited).toEqual({ code: 130, signal: null });
    expect(await everything()).toEqual(before);
  });
});

test('logout that waits removes neither the password nor the account after Ctrl-C (R1284)', async () => {
  await holding('.config/inband', async (path) => {
    const lines = `[accounts.work]\njid = "${JULIET}"\npassword-file = "work.password"\n`;
    await writeFile(join(path, 'config.toml'), lines);
    await writeFile(join(path, 'work.password'), 'secret\n', { mode: 0o600 });
    const before = await everything();
    const gone = onTerminal(['logout', 'work']);
    await gone.shows(/and its password in .*\[y\/N\] /);
    gone.type('y\r');
    await gone.shows(WAITS);
    gone.type(CTRL_C);
    expect(await gone.exited).toEqual({ code: 130, signal: null });
    expect(await everything()).toEqual(before);
  });
});
