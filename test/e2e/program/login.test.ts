import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { whileLocked } from '../../../src/storage/lock/while-locked.js';
import { runInband, runInbandOnTerminal } from '../../support/programs/inband.js';
import { standIn } from '../../support/programs/keyrings.js';
import { CTRL_C, CTRL_D, type OnTerminal } from '../../support/programs/terminal.js';
import { outcomeOf, prepareStage } from '../stage.js';

const stage = prepareStage({
  ...{ proxy: true, uploads: { maxSize: 5_000_000 } },
  // What it is shipped with, and other tests have no use for.
  module: 'module:depends("version")',
});
const ALICE = 'alice@localhost';

let opened: OnTerminal[] = [];
let agents: string[] = [];
afterEach(async () => {
  await Promise.all(opened.map((one) => one.stop('SIGKILL')));
  for (const home of agents)
    execFileSync('gpgconf', ['--kill', 'all'], {
      env: { ...process.env, GNUPGHOME: join(home, '.gnupg') },
    });
  [opened, agents] = [[], []];
});

/** Alice's environment; nothing of it has the account. */
const settings = () => join(stage.home('alice'), '.config/inband/config.toml');
const environment = (bin?: string): Record<string, string> =>
  bin === undefined ? {} : { PATH: `${bin}:${process.env.PATH}` };

function onTerminal(args: string[], bin?: string, columns = 80): OnTerminal {
  const home = stage.home('alice');
  const running = runInbandOnTerminal(args, {
    ...{ home, cwd: home, columns },
    env: environment(bin),
  });
  opened.push(running);
  return running;
}

const flags = () => ['--service', stage.server.service, '--tls-ca', stage.server.caPath];

/** Answers what login asks; the place is chosen by words of its line. */
async function answer(
  login: OnTerminal,
  place: RegExp,
  password = stage.server.account('alice').password,
) {
  await login.shows(/Password for alice@localhost: /);
  login.type(`${password}\r`);
  await login.shows(/Number \(Enter: 1\): /);
  choose(login, place);
}

function choose(login: OnTerminal, place: RegExp): void {
  const menus = login.output().split('Where is the password to be kept?');
  const line =
    menus
      .at(-1)
      ?.split('\n')
      .find((one) => place.test(one)) ?? '';
  login.type(`${/\d+/.exec(line)?.[0]}\r`);
}

/** What alice's next command says when it goes online by the settings alone. */
async function goesOnline(bin?: string): Promise<string> {
  const probe = runInband(['probe', 'bob@localhost'], {
    home: stage.home('alice'),
    env: environment(bin),
  });
  await probe.exited;
  return probe.stderr();
}

/** A store of pass, with a key that needs no passphrase. */
async function initPass(): Promise<void> {
  const home = stage.home('alice');
  agents.push(home);
  await mkdir(join(home, '.gnupg'), { mode: 0o700 });
  const env = { ...process.env, HOME: home, GNUPGHOME: join(home, '.gnupg') };
  const options = { env, stdio: 'ignore' } as const;
  const key = [
    '--batch',
    '--passphrase',
    '',
    '--quick-generate-key',
    'alice',
    'default',
    'default',
    'never',
  ];
  execFileSync('gpg', key, options);
  execFileSync('pass', ['init', 'alice'], options);
}

test('login tells what it found, keeps the password in a file, and the settings do the rest (R992)', async () => {
  const login = onTerminal(['login', ALICE, ...flags()]);
  await answer(login, /alice\.password/);
  expect(await login.exited).toEqual({ code: 0, signal: null });
  const told = login.output();
  expect(told).toMatch(
    /connected to 127\.0\.0\.1 port \d+ with TLSv1\.3, logged in by SCRAM-SHA-1(-PLUS)?/,
  );
  expect(told).toMatch(/the server is Prosody/);
  expect(told).toMatch(/it takes uploads of up to 5 MB/);
  expect(told).toMatch(
    /it has a proxy for what goes beside the XMPP stream: 127\.0\.0\.1 port \d+/,
  );
  expect(told).not.toContain(stage.server.account('alice').password);
  const file = join(settings(), '../alice.password');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(settings(), 'utf8')).toBe(
    `account = "alice"\n\n[accounts.alice]\njid = "${ALICE}"\nservice = "${stage.server.service}"\n` +
      `tls-ca = "${stage.server.caPath}"\npassword-file = "alice.password"\n`,
  );
  expect(await goesOnline()).toContain('online as alice@localhost/');
});

test('logout asks, and then removes the account and its password alone (R993)', async () => {
  await mkdir(join(settings(), '..'), { recursive: true });
  await writeFile(settings(), '# mine\n[send]\nwindow = 8\n');
  const login = onTerminal(['login', ALICE, ...flags()]);
  await answer(login, /alice\.password/);
  await login.exited;
  const written = await readFile(settings(), 'utf8');
  const kept = onTerminal(['logout', 'alice']);
  await kept.shows(
    /Remove alice \(alice@localhost\)[\s\S]*and its password in[\s\S]*alice\.password/,
  );
  kept.type('\r');
  expect(await kept.exited).toEqual({ code: 0, signal: null });
  expect(await readFile(settings(), 'utf8')).toBe(written);
  expect(kept.output()).toContain('nothing was removed');
  const gone = onTerminal(['logout', ALICE]);
  await gone.shows(/\[y\/N\] /);
  gone.type('y\r');
  expect(await gone.exited).toEqual({ code: 0, signal: null });
  expect(await readFile(settings(), 'utf8')).toBe('# mine\n[send]\nwindow = 8\n');
  expect(existsSync(join(settings(), '../alice.password'))).toBe(false);
});

test('pass keeps it, and gives it up again (R992, R993)', async () => {
  await initPass();
  const login = onTerminal(['login', ALICE, ...flags()]);
  await answer(login, /in pass/);
  expect(await login.exited).toEqual({ code: 0, signal: null });
  const entry = join(stage.home('alice'), '.password-store/inband/alice@localhost.gpg');
  expect(existsSync(entry)).toBe(true);
  expect(await readFile(settings(), 'utf8')).toContain(
    `password-command = "pass show 'inband/alice@localhost'"`,
  );
  expect(await goesOnline()).toContain('online as alice@localhost/');
  const gone = onTerminal(['logout', 'alice']);
  await gone.shows(/Remove alice \(alice@localhost\)[\s\S]*, and its password in pass\? \[y\/N\] /);
  gone.type('y\r');
  expect(await gone.exited).toEqual({ code: 0, signal: null });
  expect(existsSync(entry)).toBe(false);
});

test('a keyring that fails is left out, and the next place asked for (R994)', async () => {
  const { folder } = await standIn(stage.folder(), 'broken secret-tool');
  await mkdir(join(settings(), '..'), { recursive: true });
  await writeFile(settings(), `[accounts.me]\njid = "${ALICE}" # mine\npassword-command = "old"\n`);
  const login = onTerminal(['login', ALICE, ...flags()], folder);
  await answer(login, /secret-tool/);
  await login.shows(
    /it was not kept there: secret-tool failed \(exit code 1\)[\s\S]*Number \(Enter: 1\): /,
  );
  const [, menu = ''] = login.output().split('it was not kept there');
  expect(menu).not.toContain('secret-tool)');
  choose(login, /me\.password/);
  expect(await login.exited).toEqual({ code: 0, signal: null });
  expect(login.output()).toContain('what the settings had before may have a password still: old');
  expect(await readFile(settings(), 'utf8')).toMatch(
    /^\[accounts\.me\]\njid = "alice@localhost" # mine\n(.*\n){2}password-file = "me\.password"\n$/,
  );
});

test('a password that the server refuses is neither kept nor written (R994)', async () => {
  const keyring = await standIn(stage.folder(), 'secret-tool');
  const login = onTerminal(['login', ALICE, ...flags()], keyring.folder);
  await login.shows(/Password for alice@localhost: /);
  login.type('wrong\r');
  expect(await login.exited).toEqual({ code: 3, signal: null });
  expect(login.output()).toContain('wrong password, or no such account: alice@localhost');
  expect(existsSync(settings())).toBe(false);
  await expect(keyring.argumentsSeen()).rejects.toThrow('ENOENT');
});

test('where no password is typed, or a wrong one, login says only what helps there (R1333)', async () => {
  const empty = onTerminal(['login', ALICE, ...flags()]);
  await empty.shows(/Password for alice@localhost: /);
  empty.type('\r');
  expect(await empty.exited).toEqual({ code: 2, signal: null });
  expect(empty.output()).toContain('no password was given');
  expect(empty.output()).toContain('  run the command again, and type it');
  // It asks whatever that has.
  expect(empty.output()).not.toContain('INBAND_PASSWORD');
  const other = onTerminal(['probe', '-a', ALICE, 'bob@localhost']);
  await other.shows(/Password for alice@localhost: /);
  other.type('\r');
  expect(await other.exited).toEqual({ code: 2, signal: null });
  expect(other.output()).toContain('  type it, or set INBAND_PASSWORD');
  const wrong = onTerminal(['login', ALICE, ...flags()]);
  await wrong.shows(/Password for alice@localhost: /);
  wrong.type('wrong\r');
  expect(await wrong.exited).toEqual({ code: 3, signal: null });
  expect(wrong.output()).toContain('  check the address and the password, and try again');
  expect(wrong.output()).not.toContain('inband config');
});

test('a password that does not come back as it was is not kept, nor written (R994)', async () => {
  const folder = stage.folder();
  const forgetful = join(folder, 'secret-tool');
  await writeFile(forgetful, '#!/bin/sh\ncat > /dev/null\n[ "$1" != lookup ] || echo another\n');
  await chmod(forgetful, 0o755);
  const login = onTerminal(['login', ALICE, ...flags()], folder);
  await answer(login, /secret-tool/);
  // Before it asks again, the terminal would take the key for itself.
  await login.shows(/what is read back is another password[\s\S]*Number \(Enter: 1\): /);
  expect(login.output()).toContain('it was not kept there: ');
  login.type(CTRL_D);
  expect(await login.exited).toEqual({ code: 2, signal: null });
  expect(existsSync(settings())).toBe(false);
});

/** A keyring that keeps the password, and does not give it back from this time on; `clear`: what it does with it then. */
async function fickleKeyring(times: number, clear: string) {
  const folder = stage.folder();
  const path = join(folder, 'secret-tool');
  const lines = [
    '#!/bin/sh',
    `if [ "$1" = store ]; then cat > '${path}.kept'; fi`,
    `if [ "$1" = clear ]; then ${clear}; fi`,
    `if [ "$1" = lookup ]; then echo >> '${path}.asked'; fi`,
    `if [ "$1" = lookup ] && [ "$(wc -l < '${path}.asked')" -ge ${times} ]; then exit 1; fi`,
    `if [ "$1" = lookup ]; then cat '${path}.kept'; fi`,
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  await chmod(path, 0o755);
  return { folder, isKept: () => existsSync(`${path}.kept`) };
}

/** A keyring in which a command hangs, once it has kept the password. */
async function hangingKeyring(command: 'store' | 'lookup') {
  const folder = stage.folder();
  const path = join(folder, 'secret-tool');
  const lines = [
    '#!/bin/sh',
    `if [ "$1" = store ]; then cat > "$0.kept"; fi`,
    `if [ "$1" = clear ]; then rm "$0.kept"; fi`,
    `if [ "$1" = ${command} ]; then echo hanging >&2; exec sleep 1000; fi`,
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  await chmod(path, 0o755);
  return { folder, isKept: () => existsSync(`${path}.kept`) };
}

test.each(['store', 'lookup'] as const)(
  'Ctrl-C in the %s of a keyring leaves no password there (R1202)',
  async (command) => {
    const { folder, isKept } = await hangingKeyring(command);
    const login = onTerminal(['login', ALICE, ...flags()], folder, 200);
    await answer(login, /secret-tool/);
    await login.shows(/hanging/);
    expect(isKept()).toBe(true);
    login.type(CTRL_C);
    expect(await login.exited).toEqual({ code: 130, signal: null });
    expect(login.output()).not.toContain('could not be removed');
    expect(isKept()).toBe(false);
    expect(existsSync(settings())).toBe(false);
  },
);

const WAITS = /is in use by another inband \(process \d+\); waiting up to 10 s until it is free/;

/** Does it while this process has the settings, as another inband has them. */
async function holding(job: () => Promise<void>): Promise<void> {
  const folder = join(settings(), '..');
  await mkdir(folder, { recursive: true });
  await whileLocked(folder, job);
}

test('Ctrl-C while another inband has the settings leaves no password in the keyring, and prints no lines (R1284)', async () => {
  const keyring = await standIn(stage.folder(), 'secret-tool');
  await holding(async () => {
    const login = onTerminal(['login', ALICE, ...flags()], keyring.folder, 300);
    await answer(login, /secret-tool/);
    await login.shows(WAITS);
    expect(await keyring.count()).toBe(1);
    login.type(CTRL_C);
    expect(await login.exited).toEqual({ code: 130, signal: null });
    expect(login.output()).not.toContain('[accounts.');
  });
  expect(await keyring.count()).toBe(0);
  expect(existsSync(settings())).toBe(false);
});

test('Ctrl-C while another inband has the settings leaves the file of a password that came meanwhile (R1284)', async () => {
  const file = join(settings(), '../alice.password');
  await holding(async () => {
    const login = onTerminal(['login', ALICE, ...flags()], undefined, 300);
    await answer(login, /alice\.password/);
    await login.shows(WAITS);
    await writeFile(file, 'of another one');
    login.type(CTRL_C);
    expect(await login.exited).toEqual({ code: 130, signal: null });
  });
  expect(await readFile(file, 'utf8')).toBe('of another one');
  expect(existsSync(settings())).toBe(false);
});

test.each([1, 2])(
  'a password that cannot be removed again is said to be still there, after try %i (R1161)',
  async (times) => {
    const { folder, isKept } = await fickleKeyring(times, 'exit 1');
    const login = onTerminal(['login', ALICE, ...flags()], folder, 200);
    await answer(login, /secret-tool/);
    await login.shows(/could not be removed again/);
    if (times === 1) {
      await login.shows(/it was not kept there: [\s\S]*Number \(Enter: 1\): /);
      login.type(CTRL_D);
    }
    expect(await login.exited).toEqual({ code: 2, signal: null });
    expect(login.output()).toContain(
      'warning: the password could not be removed again, and may still be in the keyring of the desktop (secret-tool) (secret-tool failed (exit code 1))',
    );
    expect(isKept()).toBe(true);
    expect(existsSync(settings())).toBe(false);
  },
);

test.each([
  [false, 'is not kept where the settings knew nothing of it'],
  [true, 'stays where the settings have it'],
])('a password with which the second try fails: %s, it %s (R1162)', async (isKnown) => {
  const { folder, isKept } = await fickleKeyring(2, 'rm "$0.kept"');
  const command = `secret-tool lookup service inband account '${ALICE}'`;
  const text = `[accounts.alice]\njid = "${ALICE}"\npassword-command = "${command}"\n`;
  if (isKnown) {
    await mkdir(join(settings(), '..'), { recursive: true });
    await writeFile(settings(), text);
  }
  const login = onTerminal(['login', ALICE, ...flags()], folder, 200);
  await answer(login, /secret-tool/);
  expect(await login.exited).toEqual({ code: 2, signal: null });
  expect(login.output()).toContain('--password-command failed');
  expect(login.output()).not.toContain('could not be removed');
  expect(isKept()).toBe(isKnown);
  expect(existsSync(settings())).toBe(isKnown);
  if (isKnown) expect(await readFile(settings(), 'utf8')).toBe(text);
});

test.each([
  ['password-file = "/other/secret"', 'the password stays in /other/secret', true],
  ['password-command = "echo x"', 'the password stays where this gets it: echo x', true],
  [
    'password-command = """\necho x"""',
    'is not written in a way that can be changed safely; remove the account work there yourself',
    false,
  ],
])('logout says what it leaves: %s (R993)', async (line, told, isRemoved) => {
  await mkdir(join(settings(), '..'), { recursive: true });
  const text = `[accounts.work]\njid = "juliet@example.org"\n${line}\n`;
  await writeFile(settings(), text);
  const gone = onTerminal(['logout', 'work'], undefined, 200);
  await gone.shows(/config\.toml\? \[y\/N\] /);
  gone.type('y\r');
  expect(await gone.exited).toEqual({ code: 0, signal: null });
  expect(gone.output()).toContain(told);
  expect(await readFile(settings(), 'utf8')).toBe(isRemoved ? '' : text);
});

test('logout removes no password where the account became another one while it asked (R1199)', async () => {
  await mkdir(join(settings(), '..'), { recursive: true });
  const password = join(settings(), '../work.password');
  const text = '[accounts.work]\njid = "juliet@example.org"\npassword-file = "work.password"\n';
  await writeFile(settings(), text);
  await writeFile(password, 'secret\n', { mode: 0o600 });
  const gone = onTerminal(['logout', 'work'], undefined, 200);
  await gone.shows(/\[y\/N\] /);
  const other = text.replace('juliet', 'nurse');
  await writeFile(settings(), other);
  gone.type('y\r');
  expect(await gone.exited).toEqual({ code: 2, signal: null });
  expect(gone.output()).toContain('has other lines for work by now, and nothing was removed');
  expect(await readFile(settings(), 'utf8')).toBe(other);
  expect(await readFile(password, 'utf8')).toBe('secret\n');
});

test('settings that cannot be changed safely stay, and the lines are printed (R995)', async () => {
  await mkdir(join(settings(), '..'), { recursive: true });
  const text = 'accounts = { work = { jid = "juliet@example.org" } }\n';
  await writeFile(settings(), text);
  const login = onTerminal(['login', ALICE, ...flags()]);
  await answer(login, /alice\.password/);
  expect(await login.exited).toEqual({ code: 0, signal: null });
  expect(await readFile(settings(), 'utf8')).toBe(text);
  expect(login.output()).toMatch(
    /put these lines there[\s\S]*\[accounts\.alice\]\r\njid = "alice@localhost"/,
  );
});

test('inband alone offers a login at a terminal without any account, and not in a script (R996)', async () => {
  const offered = onTerminal([]);
  await offered.shows(
    /No account is set up here yet\.[\s\S]*Your account \(name@example\.org; Enter: not now\): /,
  );
  offered.type('\r');
  expect(await offered.exited).toEqual({ code: 2, signal: null });
  const taken = onTerminal([]);
  await taken.shows(/not now\): /);
  taken.type('no address\r');
  expect(await taken.exited).toEqual({ code: 2, signal: null });
  expect(taken.output()).toContain('"no address" is not an XMPP address');
  const script = await outcomeOf(runInband([], { home: stage.home('alice') }));
  expect(script).toMatchObject({ code: 2, stdout: '' });
  expect(script.stderr).not.toContain('No account');
  await mkdir(join(settings(), '..'), { recursive: true });
  await writeFile(settings(), '[accounts.work]\njid = "juliet@example.org"\n');
  const known = onTerminal([]);
  expect(await known.exited).toEqual({ code: 2, signal: null });
  expect(known.output()).not.toContain('No account');
});

test.each([
  [['login', ALICE], 'the password is to be asked for, and there is no terminal for it'],
  [['logout', 'work'], 'you are to be asked first, and there is no terminal for it'],
  [['logout', 'wrok'], '"wrok" is neither a JID nor an account'],
  [['logout', 'romeo@example.org'], 'no account in '],
  [
    ['login', ALICE],
    'in a script, give the other commands --password-file, --password-command or INBAND_PASSWORD',
  ],
  [['logout', 'work'], 'remove [accounts.work] from '],
])('%j in a script does nothing (R996)', async (args, told) => {
  await mkdir(join(settings(), '..'), { recursive: true });
  const text = '[accounts.work]\njid = "juliet@example.org"\n';
  await writeFile(settings(), text);
  const script = await outcomeOf(runInband(args, { home: stage.home('alice') }));
  expect(script).toMatchObject({ code: 2, stdout: '' });
  expect(script.stderr).toContain(told);
  expect(await readFile(settings(), 'utf8')).toBe(text);
});
