import { once } from 'node:events';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  accountOf,
  type RunOnTerminalOptions,
  runInbandOnTerminal,
} from '../../support/programs/inband.js';
import { CTRL_C, CTRL_D, type OnTerminal } from '../../support/programs/terminal.js';
import { Screen } from '../../ui/screen.js';
import { prepareStage, resultsOf } from '../stage.js';

const BOB = 'bob@localhost';
const ANY_SEQUENCE = /\p{Cc}\[/u;

const stage = prepareStage();
let opened: OnTerminal[] = [];
afterEach(async () => {
  await Promise.all(opened.map((one) => one.stop('SIGKILL')));
  opened = [];
});

/** Runs the program as alice, at a terminal of her own. */
function alice(args: string[], { env, ...options }: Partial<RunOnTerminalOptions> = {}) {
  const running = runInbandOnTerminal(args, {
    ...{ home: stage.home('alice'), cwd: stage.folder() },
    ...options,
    env: { ...accountOf(stage.server, 'alice'), ...env },
  });
  opened.push(running);
  return running;
}

/** What a person sees in the end. */
function screenOf(running: OnTerminal, columns?: number): Screen {
  const screen = new Screen(columns);
  screen.write(running.output());
  return screen;
}

/** Encrypted, so many zeros would be deflated, and be there at once. */
const PLAIN = ['--encrypt', 'off'];

/** A file that takes long enough to be seen. */
async function largeFile(name: string): Promise<string> {
  const path = join(stage.folder(), name);
  await writeFile(path, '');
  await truncate(path, 50_000_000);
  return path;
}

describe('a transfer', () => {
  beforeEach(() => stage.receive('bob'));

  test.each([200, 80, 40, 20])(
    'is shown, and gives the terminal back after Ctrl-C, %d columns wide (R679)',
    async (columns) => {
      const send = alice(['send', ...PLAIN, await largeFile('large'), BOB], { columns });
      await send.shows(/ \d% .*large/);
      for (const line of screenOf(send).lines) expect(line.length).toBeLessThan(columns + 30);
      expect(screenOf(send).cursorShown).toBe(false);
      send.type(CTRL_C);
      expect(await send.exited).toEqual({ code: 130, signal: null });
      const screen = screenOf(send, columns);
      expect([screen.cursorShown, screen.wrapping]).toEqual([true, true]);
      const seen = screen.lines.join('').replace(/\^C/, '');
      expect(seen).toMatch(/^online as alice@\S+stopped; the same command goes on from there$/);
    },
  );

  test('of three large files shows one bar and the total, and a line each in the end (R678)', async () => {
    const files = await Promise.all(['one', 'two', 'three'].map(largeFile));
    const send = alice(['send', ...PLAIN, ...files, BOB]);
    await send.shows(/ \d% .* one[\s\S]* \d% .* total of 3 files/);
    expect(await send.exited).toEqual({ code: 0, signal: null });
    expect(screenOf(send).lines).toEqual([
      expect.stringMatching(/^online as /),
      ...['one', 'two', 'three'].map(
        (name) => `sent ${name} to bob@localhost/inband (50 MB, not encrypted)`,
      ),
      expect.stringMatching(/^sent 3 files, 150 MB in \d+ /),
    ]);
  });

  test.each([80, 20])(
    'of fifty small files leaves one line, %d columns wide (R678)',
    async (columns) => {
      const files = Array.from({ length: 50 }, (_, index) => join(stage.folder(), `${index}.txt`));
      for (const file of files) await writeFile(file, file);
      const send = alice(['send', ...files, BOB], { columns });
      expect(await send.exited).toEqual({ code: 0, signal: null });
      const shown = screenOf(send, columns).lines.join('');
      expect(shown).toMatch(
        /^online as alice@\S+first contact with .*sent 50 files, .* kB in \d+ /,
      );
      expect(shown).not.toMatch(/%|\.txt/);
    },
  );

  test('leaves nothing behind when the window is made narrower and wider (R679)', async () => {
    const file = await largeFile('large');
    const send = alice(['send', ...PLAIN, file, BOB], { columns: 100, later: [30, 120] });
    await send.shows(/ \d% \[/);
    const screen = new Screen(100);
    screen.write(send.output());
    const before = send.output().length;
    screen.resize(30);
    send.resize();
    // The bar goes first, as 30 columns have no room for it.
    await send.shows(/ \d% {2,}\d+ (min|s)|\d% {2}large/);
    send.type(CTRL_C);
    await send.exited;
    screen.write(send.output().slice(before));
    const seen = screen.lines.join('').replace(/\^C/, '');
    expect(seen).toMatch(/^online as alice@\S+stopped; the same command goes on from there$/);
    expect([screen.cursorShown, screen.wrapping]).toEqual([true, true]);
  });

  test('without a size of its terminal is told in lines (R679)', async () => {
    const file = join(stage.folder(), 'small');
    await writeFile(file, 'bytes');
    const send = alice(['send', file, BOB], { columns: 0 });
    expect(await send.exited).toEqual({ code: 0, signal: null });
    expect(send.output()).not.toMatch(ANY_SEQUENCE);
    expect(send.output()).toMatch(/sent small to bob@localhost\/inband \(5 B\)/);
  });

  test.each<[string, Record<string, string>]>([
    ['NO_COLOR', { NO_COLOR: '1' }],
    ['FORCE_COLOR', { FORCE_COLOR: '1' }],
  ])('has no colours with %s', async (_, env) => {
    const send = alice(['send', ...PLAIN, await largeFile('large'), BOB], { env });
    await send.shows(/ \d% \[/);
    send.type(CTRL_C);
    await send.exited;
    expect(send.output()).not.toMatch(/\p{Cc}\[[\d;]*m/u);
  });

  test.each<[string, string[], Record<string, string>]>([
    ['on a dumb terminal', [], { TERM: 'dumb' }],
    ['with --quiet', ['-q'], {}],
    ['with --json', ['--json'], {}],
  ])('moves no cursor %s', async (_, args, env) => {
    const file = join(stage.folder(), 'small');
    await writeFile(file, 'bytes');
    const send = alice(['send', ...args, file, BOB], { env });
    expect(await send.exited).toEqual({ code: 0, signal: null });
    expect(send.output()).not.toMatch(ANY_SEQUENCE);
  });

  test('moves no cursor in a pipe', async () => {
    const file = join(stage.folder(), 'small');
    await writeFile(file, 'bytes');
    const send = stage.inband('alice', ['send', file, BOB], { env: { FORCE_COLOR: '1' } });
    expect(await send.exited).toEqual({ code: 0, signal: null });
    expect(send.stdout()).toBe('');
    expect(send.stderr()).not.toMatch(ANY_SEQUENCE);
  });
});

test('a transfer whose recipient stands still says for whom it waits, until it goes on (R961)', async () => {
  const bob = await stage.receive('bob');
  const send = alice(['send', ...PLAIN, await largeFile('large'), BOB]);
  await send.shows(/ \d% \[.*large/);
  bob.child.kill('SIGSTOP');
  await send.shows(/ waiting for bob@localhost\/inband {2}large/);
  const before = send.output().length;
  bob.child.kill('SIGCONT');
  expect(await send.exited).toEqual({ code: 0, signal: null });
  expect(send.output().slice(before)).toMatch(/ \d\d% \[.* s {2}large/);
  expect(screenOf(send).lines.at(-1)).toBe(
    'sent large to bob@localhost/inband (50 MB, not encrypted)',
  );
});

describe('connecting', () => {
  let silent: Server;
  beforeEach(async () => {
    silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  afterEach(() => void silent.close());

  test.each([80, 20])('leaves nothing after Ctrl-C, %d columns wide', async (columns) => {
    const service = `xmpp://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const send = alice(['send', '--service', service, '/dev/null', BOB], { columns });
    await send.shows(/connecting/);
    expect(screenOf(send, columns).cursorShown).toBe(false);
    send.type(CTRL_C);
    expect(await send.exited).toEqual({ code: 130, signal: null });
    const screen = screenOf(send, columns);
    expect(screen.cursorShown).toBe(true);
    expect(screen.lines.join('').replace('^C', '')).toBe('');
  });
});

test('a secret key that is typed does not show (R539)', async () => {
  const secret = `INBAND-SECRET-KEY-${'A'.repeat(52)}`;
  const imports = alice(['key', 'import']);
  await imports.shows(/The secret key, as "inband key export" shows it: /);
  imports.type(`${secret}\r`);
  expect(await imports.exited).toEqual({ code: 0, signal: null });
  expect(imports.output()).not.toContain(secret);
});

test('the key of somebody is asked for by name', async () => {
  const adds = alice(['trust', 'add', BOB]);
  await adds.shows(/The key of bob@localhost, as "inband key" shows it there: /);
  adds.type(CTRL_C);
  expect((await adds.exited).code).toBe(130);
});

describe('the password prompt', () => {
  const asked = { env: { INBAND_PASSWORD: '' } };

  test('takes a password and does not echo it', async () => {
    await stage.receive('bob');
    const file = join(stage.folder(), 'small');
    await writeFile(file, 'bytes');
    const send = alice(['send', file, BOB], asked);
    await send.shows(/Password for alice@localhost: /);
    const { password } = stage.server.account('alice');
    send.type(`${password}\r`);
    expect(await send.exited).toEqual({ code: 0, signal: null });
    expect(send.output()).not.toContain(password);
    expect(send.output()).toContain('sent small');
  });

  test('comes where standard input is what is to be sent', async () => {
    const bob = await stage.receive('bob', ['--once']);
    const send = alice(['send', '-', BOB], { ...asked, piped: 'bytes' });
    await send.shows(/Password for alice@localhost: /);
    const { password } = stage.server.account('alice');
    send.type(`${password}\r`);
    expect(await send.exited).toEqual({ code: 0, signal: null });
    expect(send.output()).not.toContain(password);
    const [path = ''] = await resultsOf(bob);
    expect(await readFile(path, 'utf8')).toBe('bytes');
  });

  test.each<[string, string, number]>([
    ['Ctrl-C', CTRL_C, 130],
    ['Ctrl-D', CTRL_D, 2],
    ['an empty line', '\r', 2],
  ])('ends on %s', async (_, keys, code) => {
    const send = alice(['send', '/dev/null', BOB], asked);
    await send.shows(/Password for /);
    send.type(keys);
    expect(await send.exited).toEqual({ code, signal: null });
    expect(screenOf(send).cursorShown).toBe(true);
    expect(send.output()).toMatch(code === 2 ? /inband: .*password/ : /Password for \S+ \s*$/);
  });
});

test('a receive that ends because of a second one of the account says why, and what to do (R1168, R1288)', async () => {
  const first = alice(['receive'], { columns: 200 });
  await first.shows(/online as alice@localhost\/inband\r/);
  const second = alice(['receive'], { columns: 200 });
  await second.shows(/online as alice@localhost\/inband\r/);
  expect(await first.exited).toEqual({ code: 3, signal: null });
  expect(first.output()).toContain(
    'another client has logged in with the same resource, as alice@localhost/inband, and so ended this session',
  );
  expect(first.output()).toContain(
    '  for both at a time give one of them another resource: -a alice@localhost/second',
  );
});

test('Ctrl-C says how far the files have come, on both sides (R1164)', async () => {
  const receive = alice(['receive', '--dir', stage.folder()], { columns: 200 });
  await receive.shows(/online as alice@localhost\/inband\r/);
  const small = await Promise.all(
    ['one', 'two'].map(async (name) => {
      const path = join(stage.folder(), name);
      await writeFile(path, name);
      return path;
    }),
  );
  const args = ['send', ...PLAIN, ...small, await largeFile('large'), 'alice@localhost'];
  const send = alice(args, { columns: 200 });
  await send.shows(/ \d% .* large/);
  send.type(CTRL_C);
  expect(await send.exited).toEqual({ code: 130, signal: null });
  expect(screenOf(send, 200).lines.at(-1)).toMatch(
    /^sent 2 files, 6 B in .* s; 1 file was not sent$/,
  );
  receive.type(CTRL_C);
  expect(await receive.exited).toEqual({ code: 130, signal: null });
  // The terminal may echo ^C before it.
  expect(screenOf(receive, 200).lines.at(-1)).toMatch(/received 2 files, 6 B$/);
});
