import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { addFetchCommand } from '../../../src/commands/blobs/fetch.js';
import { addPublishCommand } from '../../../src/commands/blobs/publish.js';
import type { Context } from '../../../src/commands/context.js';
import { addReceiveCommand } from '../../../src/commands/receive/receive.js';
import { addSendCommand } from '../../../src/commands/send.js';
import { readSettings } from '../../../src/commands/settings/settings.js';
import { runInband } from '../../support/programs/inband.js';

const CID = `sha1+${'0'.repeat(40)}@bob.xmpp.org`;

const TWO_ACCOUNTS = `
account = "home"

[accounts.home]
jid = "juliet@example.org/phone"
service = "xmpp://home.example"
password-command = "echo secret"

[accounts.work]
jid = "juliet@work.example"
tls-ca = "ca.pem"
password-file = "~/work.password"
allow-plain = true
`;

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'inband-settings-'));
  path = join(home, '.config/inband/config.toml');
  await mkdir(join(home, '.config/inband'), { recursive: true });
});
afterEach(() => rm(home, { recursive: true }));

async function run(args: string[], env: Record<string, string> = {}) {
  const running = runInband(args, { home, cwd: home, env });
  const { code } = await running.exited;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

type Shown = Record<string, [source: string, value?: unknown]>;

/** What `inband config` shows, by name. */
async function config(toml: string, args: string[] = [], env = {}): Promise<Shown> {
  await writeFile(path, toml);
  const { code, stdout, stderr } = await run(['config', '--json', ...args], env);
  // The files of passwords that the tests name are not there.
  const others = stderr.replace(/^warning: cannot open \S+: no such file or directory\n/gm, '');
  expect({ code, others }).toEqual({ code: 0, others: '' });
  const lines = stdout.split('\n').slice(0, -1);
  const settings = lines.map((line) => JSON.parse(line));
  return Object.fromEntries(
    settings.map(({ event, name, source, value }) => {
      expect(event).toBe('setting');
      return [name, value === undefined ? [source] : [source, value]];
    }),
  );
}

describe('an account', () => {
  test('is the default one where none is given', async () => {
    expect(await config(TWO_ACCOUNTS)).toMatchObject({
      account: ['file', 'juliet@example.org/phone'],
      service: ['file', 'xmpp://home.example'],
      'password-command': ['file', 'echo secret'],
      'tls-ca': ['default'],
    });
  });

  test.each<[string, string[], Record<string, string>, string]>([
    ['a flag', ['-a', 'work'], { INBAND_ACCOUNT: 'home' }, 'flag'],
    ['the environment', [], { INBAND_ACCOUNT: 'work' }, 'environment'],
  ])('is named by %s', async (_, args, env, source) => {
    expect(await config(TWO_ACCOUNTS, args, env)).toMatchObject({
      account: [source, 'juliet@work.example'],
      'tls-ca': ['file', join(home, '.config/inband/ca.pem')],
      'password-file': ['file', join(home, 'work.password')],
      'allow-plain': ['file', true],
      service: ['default'],
    });
  });

  test('is found by its JID too, with any resource', async () => {
    expect(await config(TWO_ACCOUNTS, ['-a', 'Juliet@work.example/desk'])).toMatchObject({
      account: ['flag', 'Juliet@work.example/desk'],
      'password-file': ['file', join(home, 'work.password')],
      'tls-ca': ['file', join(home, '.config/inband/ca.pem')],
    });
  });

  test('is not guessed where two have the same JID', async () => {
    const again = `${TWO_ACCOUNTS}\n[accounts.again]\njid = "juliet@work.example/desk"\n`;
    const passwordOf = async (jid: string) => (await config(again, ['-a', jid]))['password-file'];
    expect(await passwordOf('juliet@work.example/phone')).toEqual(['default']);
    expect(await passwordOf('juliet@work.example')).toEqual(['file', join(home, 'work.password')]);
  });

  test('may be a JID by default', async () => {
    expect(await config('account = "romeo@example.org"')).toMatchObject({
      account: ['file', 'romeo@example.org'],
    });
  });

  test.each<[string, string[], string]>([
    ['INBAND_SERVICE', [], 'environment'],
    ['a flag', ['--service', 'xmpp://other.example'], 'flag'],
  ])('gives way to %s', async (name, args, source) => {
    const env = name.startsWith('INBAND') ? { [name]: 'xmpp://other.example' } : {};
    expect((await config(TWO_ACCOUNTS, args, env)).service).toEqual([
      source,
      'xmpp://other.example',
    ]);
  });

  test('counts an empty variable as none', async () => {
    const env = { INBAND_ACCOUNT: '', INBAND_SERVICE: '', INBAND_PASSWORD: '' };
    expect(await config(TWO_ACCOUNTS, [], env)).toMatchObject({
      account: ['file', 'juliet@example.org/phone'],
      service: ['file', 'xmpp://home.example'],
      'password-command': ['file', 'echo secret'],
    });
  });

  test('that is in no file is told beside those that are', async () => {
    await writeFile(path, TWO_ACCOUNTS);
    const { code, stderr } = await run(['send', 'file', 'romeo@example.org', '-a', 'wrok']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `inband: --account: "wrok" is neither a JID nor an account in ${path}\n  did you mean work?\n  accounts there: home, work\n`,
    });
  });
});

describe('the password', () => {
  test('of the environment is not shown, and beats the file', async () => {
    const shown = await config(TWO_ACCOUNTS, [], { INBAND_PASSWORD: 'hunter2' });
    expect(shown).toMatchObject({
      'password-command': ['default'],
      password: ['environment', 'hidden'],
    });
    expect(JSON.stringify(shown)).not.toContain('hunter2');
  });

  test('file of a flag beats the command of the settings', async () => {
    expect(await config(TWO_ACCOUNTS, ['--password-file', 'x'])).toMatchObject({
      'password-file': ['flag', 'x'],
      'password-command': ['default'],
    });
  });

  test('is asked for where there is no other way', async () => {
    expect((await config('')).password).toEqual(['default', 'asked for']);
  });

  test('is taken from one place alone', async () => {
    const both = ['--password-file', 'x', '--password-command', 'y'];
    const { code, stderr } = await run(['config', ...both]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--password-file and --password-command exclude each other/);
  });
});

describe('the defaults of a command', () => {
  test('are read as its flags would be (R200)', async () => {
    const toml = `
      [send]
      window = 8
      initial-wait = 0.5
      stanza = "message"
      [receive]
      dir = "~/Downloads"
      allow = ["own", "example.net"]
      once = true
      [fetch]
      cache = false
      output = "-"
      [publish]
      max-age = "2d"`;
    expect(await config(toml)).toMatchObject({
      'send.window': ['file', 8],
      'send.initial-wait': ['file', 0.5],
      'send.stanza': ['file', 'message'],
      'send.block-size': ['default', 'auto'],
      'receive.dir': ['file', join(home, 'Downloads')],
      'receive.allow': ['file', ['own', 'example.net']],
      'receive.once': ['file', true],
      'fetch.cache': ['file', false],
      'fetch.output': ['file', '-'],
      'publish.max-age': ['file', 172_800],
    });
  });

  test('are in force in that command, and give way to a flag', async () => {
    await writeFile(path, '[publish]\nhash = "sha1"\ntype = "image/png"\n');
    await writeFile(join(home, 'file'), 'bytes');
    expect((await run(['publish', 'file'])).stdout).toMatch(/^sha1\+/);
    const outcome = await run(['publish', 'file', '--hash', 'sha-512', '--json']);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      cid: expect.stringMatching(/^sha-512\+/),
      type: 'image/png',
    });
  });

  test('replace nothing of a list that a flag gives', async () => {
    await writeFile(path, '[fetch]\nfrom = ["one@here"]\n');
    const args = ['fetch', CID, '--from', 'other one@here'];
    expect((await run(args)).stderr).toMatch(/--from takes .*; not other one@here/);
  });
});

describe('is refused with the file, the key and what may be there', () => {
  const program = new Command('inband');
  for (const add of [addSendCommand, addReceiveCommand, addPublishCommand, addFetchCommand]) {
    add(program, {} as Context); // for actions alone
  }

  test.each<[string, RegExp]>([
    ['[send', /:1:\d+: Invalid TOML/],
    ['acount = "home"', /: acount is not known$/],
    ['[cache]\nquiet = true', /: cache is not known/],
    ['[send]\nwindw = 8', /: \[send\] windw is not known$/],
    ['[send]\naccount = "x@y"', /: \[send\] account is not known/],
    ['send = 5', /: \[send\] is a table/],
    ['[send]\nwindow = 0', /: \[send\] window = 0: .* 1 to 65535/],
    ['[send]\nretry-for = "1 hour"', /: \[send\] retry-for = "1 hour": it takes seconds, or 90s, /],
    ['[receive]\nmax-size = 0.5', /: \[receive\] max-size = 0.5: it takes bytes, or 4k, 1.5G, /],
    ['[send]\nwindow = true', /: \[send\] window = true: it is one value, like /],
    ['[send]\nwindow = [8]', /: \[send\] window = \[8\]: it is one value/],
    ['[send]\nstanza = "presence"', /: \[send\] stanza = "presence": .*iq, message/],
    ['[send]\nname = 5', /: \[send\] name = 5: it is a text; put it in quotes/],
    ['[send]\nquiet = "yes"', /: \[send\] quiet = "yes": it is true or false/],
    ['[send]\nname = 2026-11-20', /: \[send\] name = "2026-11-20.*: it is one value/],
    ['[receive]\nallow = "own"', /: \[receive\] allow = …: it is a list, like \["one", "two"\]/],
    [
      '[receive]\nallow = ["no one"]',
      /: \[receive\] allow = "no one": --allow takes own, .*; not no one/,
    ],
    ['[receive]\nallow = [5]', /: \[receive\] allow = 5: it is a text/],
    [
      '[receive]\nallow = ["contact"]',
      /allow = "contact": --allow takes own, contacts, anyone, .*contact@/,
    ],
    ['names = 5', /: \[names\] is a table/],
    ['[names]\njuliet = 5', /: \[names\] juliet = 5: it is a JID/],
    ['[names]\njuliet = "romeo"', /: \[names\] juliet = "romeo": it is a JID/],
    ['[names]\njuliet = "a b@c"', /: \[names\] juliet = "a b@c": .*not an XMPP address/],
    ['[names]\nContacts = "a@b"', /: \[names\] Contacts is no name: --allow means/],
    ['[names]\nown = "a@b"', /: \[names\] own is no name/],
    ['[names]\nanyone = "a@b"', /: \[names\] anyone is no name/],
    ['[names]\n"a.b" = "a@b"', /: \[names\] a\.b is no name: it may have no @, dot/],
    ['[names]\n"--json" = "a@b"', /: \[names\] --json is no name/],
    ['[names]\nhome = "a@b"\n[accounts.home]\njid = "a@b"', /home is the name of an account/],
    ['accounts = 5', /: accounts is a table/],
    ['[accounts]\nhome = 5', /: \[accounts\.home\] is a table/],
    ['[accounts."a@b"]\njid = "a@b"', /\[accounts\.a@b\] is no name/],
    ['[accounts.home]', /: \[accounts\.home\] jid is missing/],
    ['[accounts.home]\njid = 5', /: \[accounts\.home\] jid is missing/],
    ['[accounts.home]\njid = "a b@c"', /: \[accounts\.home\] jid = "a b@c" is not an XMPP/],
    ['[accounts.home]\njid = "a@b"\nservice = "ftp://c"', /service = .* is not a service/],
    [
      '[accounts.home]\njid = "a@b"\nproxy = "https://romeo:secret@c:1"',
      /\[accounts\.home\] proxy = "https:\/\/…@c:1" is not the address of a proxy that inband can use: none is spoken to by TLS/,
    ],
    [
      '[accounts.home]\njid = "a@b"\nproxy = ["socks5://u:SECRET@h:1"]',
      /\[accounts\.home\] proxy = …: it is one value, like --proxy <uri>$/,
    ],
    [
      '[accounts.home]\njid = "a@b"\nproxy = { uri = "SECRET" }',
      /\[accounts\.home\] proxy = …: it is one value, like --proxy <uri>$/,
    ],
    ['[accounts.home]\njid = "a@b"\npassword-command = ["SECRET"]', /password-command = …: it/],
    ['[accounts.home]\njid = "a@b"\npassword-file = 12345', /password-file = …: it is a text/],
    [
      '[accounts.home]\njid = "a@b"\nservice = "wss://u:SECRET@localhost/"',
      /\[accounts\.home\] service = "wss:\/\/…@localhost\/" is not a service$/,
    ],
    ['[accounts.home]\njid = "a@b"\nport = 5222', /port is not known$/],
    ['account = "home"', /"home" is neither a JID nor an account/],
    [
      '[accounts.home]\njid = "a@b"\npassword-file = "x"\npassword-command = "y"',
      /\[accounts\.home\] password-file and password-command: choose one/,
    ],
    ['account = 5', /: account is the name of an account, or a JID/],
  ])('%j', async (toml, why) => {
    await writeFile(path, toml);
    const reading = readSettings(program, path);
    await expect(reading).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(path),
    });
    await expect(reading).rejects.toThrow(why);
  });

  test('with exit code 2, in one line', async () => {
    await writeFile(path, '[send]\nwindow = 0');
    expect(await run(['config'])).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: expect.stringMatching(/^inband: \S+ \[send\] window = 0: [^\n]+\n$/),
    });
  });

  test('with what to do where it is no TOML', async () => {
    await writeFile(path, '[send');
    expect((await run(['config'])).stderr).toMatch(
      /^inband: \S+:1:\d+: Invalid TOML.*\n {2}texts, and times such as "1h", stand in quotes\n$/,
    );
  });

  test.each([
    ['[accounts.home]\njid = "a@b"\npassword = "hunter2"'],
    ['[accounts.home]\njid = "a@b"\npassword = "hunter2'],
  ])('without a password that is in it: %j', async (toml) => {
    await writeFile(path, toml);
    const { code, stderr } = await run(['config', '--json']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/password-file|Invalid TOML/);
    expect(stderr).not.toContain('hunter2');
  });

  test('on stdout too with --json', async () => {
    await writeFile(path, '[send]\nwindow = 0');
    const { stdout, stderr } = await run(['send', '--json', 'file', 'romeo@example.org']);
    const [event] = stdout.split('\n').map((line) => line && JSON.parse(line));
    expect(event).toEqual({
      event: 'failed',
      error: stderr.trim().replace('inband: ', ''),
      exitCode: 2,
    });
  });

  test('with what was probably meant (R673)', async () => {
    await writeFile(path, '[send]\nretry_for = 3');
    const { stderr } = await run(['config']);
    expect(stderr).toMatch(
      /retry_for is not known\n {2}did you mean retry-for\?\n {2}there are to, /,
    );
  });
});

describe('the file', () => {
  test('is not read for a command that has no settings, nor for help', async () => {
    await writeFile(path, 'nonsense');
    for (const args of [
      ['cache', 'list'],
      ['completion', 'bash'],
      ['send', '--help'],
    ]) {
      expect(await run(args)).toMatchObject({ code: 0, stderr: '' });
    }
  });

  test('that cannot be read is a file error', async () => {
    await mkdir(path);
    const { code, stderr } = await run(['config']);
    expect(code).toBe(10);
    expect(stderr).toBe(`inband: cannot read ${path}: illegal operation on a directory\n`);
  });

  // It was waited for without end.
  test('that is a pipe is refused (R801)', async () => {
    execFileSync('mkfifo', [path]);
    const stderr = `inband: ${path} is a pipe, and no file\n`;
    expect(await run(['config'])).toMatchObject({ code: 2, stderr });
  });

  test('may be absent, which config says, and has its times in words (R1086)', async () => {
    const { code, stdout, stderr } = await run(['config']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `no settings in ${path} yet\n` });
    expect(stdout).toMatch(/^account +default +-\n/);
    // As help and people write it.
    expect(stdout).toMatch(/^receive\.keep-records-for +default +90d$/m);
    expect(stdout).toMatch(/^send\.retry-for +default +15m$/m);
    expect(stdout).toMatch(/^send\.wait-online +default +0$/m);
    expect((await run(['config', '-q'])).stderr).toBe('');
  });
});

describe('a name', () => {
  const NAMED = `${TWO_ACCOUNTS}
    [names]
    romeo = "Romeo@example.org"
    nas = "xmpp:localhost"
    [receive]
    allow = ["own", "romeo", "nas", "xmpp:tybalt@example.org?message"]`;

  test('stands for a JID wherever the file has one (R203)', async () => {
    expect(await config(NAMED)).toMatchObject({
      'names.romeo': ['file', 'Romeo@example.org'],
      'names.nas': ['file', 'localhost'],
      'receive.allow': ['file', ['own', 'Romeo@example.org', 'localhost', 'tybalt@example.org']],
    });
  });

  test.each<[string[], string]>([
    [
      ['receive', '--allow', 'contact'],
      'contacts, anyone, a name of the settings, a JID like contact@example.org,',
    ],
    [['receive', '--allow', 'xmpp:anyone'], '; not xmpp:anyone'],
    [
      ['fetch', CID, '--from', 'julia'],
      '--from takes a name of the settings, a JID like julia@example.org',
    ],
    [
      ['send', 'x', 'julia'],
      'inband: recipient "julia" has no @\n  did you mean julia@example.org?',
    ],
    [['send', 'x', 'rome'], 'did you mean romeo, or rome@example.org?'],
    [['probe', 'julia'], 'inband: recipient "julia" has no @\n  did you mean julia@example.org?'],
  ])('that nobody has is refused by %j, with what would be right (R203)', async (args, why) => {
    await writeFile(path, NAMED);
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(why);
  });
});

test('the own JID may be a URI everywhere (R201)', async () => {
  const toml =
    'account = "xmpp:juliet@example.org"\n[accounts.work]\njid = "xmpp:j@work.example/x"';
  expect((await config(toml)).account).toEqual(['file', 'juliet@example.org']);
  expect((await config(toml, ['-a', 'work'])).account).toEqual(['flag', 'j@work.example/x']);
  const args = ['-a', 'xmpp:romeo@example.org'];
  expect((await config(toml, args)).account).toEqual(['flag', 'romeo@example.org']);
});

test('an empty list stays empty', async () => {
  expect(await config('[receive]\nallow = []')).toMatchObject({ 'receive.allow': ['file', []] });
});

test('config shows defaults that are no values of flags', async () => {
  expect(await config('')).toMatchObject({
    'receive.allow': ['default', ['own', 'contacts']],
    'receive.once': ['default', false],
    'fetch.cache': ['default', true],
    'send.name': ['default'],
  });
});

test('config prints columns of name, source and value', async () => {
  await writeFile(path, TWO_ACCOUNTS);
  const { stdout } = await run(['config', '-a', 'work']);
  const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
  expect(rows).toContainEqual(['account', 'flag', 'juliet@work.example']);
  expect(rows).toContainEqual(['password-file', 'file', join(home, 'work.password')]);
  expect(rows).toContainEqual(['send.window', 'default', 'auto']);
});

test('config warns of each file that no password would be taken from (R1170)', async () => {
  const file = (name: string) => join(home, name);
  for (const [name, mode] of [
    ['open', 0o644],
    ['closed', 0o600],
  ] as const) {
    await writeFile(file(name), 'secret', { mode });
    await chmod(file(name), mode);
  }
  const accounts = ['open', 'closed', 'gone'].map(
    (name) => `[accounts.${name}]\njid = "${name}@b"\npassword-file = "~/${name}"\n`,
  );
  await writeFile(path, `account = "closed"\n${accounts.join('')}`);
  for (const flags of [[], ['--json'], ['-a', 'open']]) {
    const { code, stderr } = await run(['config', ...flags]);
    expect(code).toBe(0);
    const warnings = stderr.split('\n').filter((line) => line.startsWith('warning'));
    expect(warnings.sort()).toEqual([
      `warning: ${file('open')} can be read by others; run: chmod 600 ${file('open')}`,
      `warning: cannot open ${file('gone')}: no such file or directory`,
    ]);
  }
});

describe('settings with the password of a proxy, which others can read,', () => {
  const PROXIED =
    'account = "home"\n[accounts.home]\njid = "a@b"\nproxy = "socks5://u:SECRET@127.0.0.1:1"\n' +
    '[accounts.work]\njid = "c@d"\nproxy = "socks5://u@127.0.0.1:1"\n';
  const WHAT = 'config.toml, with the password of a proxy in it, can be read by others';
  beforeEach(async () => {
    await writeFile(path, PROXIED);
    await chmod(path, 0o640);
  });

  test.each([[['probe', 'x@y']], [['receive']], [['login', 'a@b']]])(
    'are refused by %j, unless that goes by another proxy, or they are closed (R1200)',
    async (args) => {
      const { code, stderr } = await run(args);
      expect([code, stderr]).toEqual([
        2,
        `inband: ${path.replace('config.toml', WHAT)}\n  run: chmod 600 ${path}\n`,
      ]);
      const other = args[0] === 'login' ? ['login', 'c@d'] : [...args, '-a', 'work'];
      expect((await run(other)).stderr).not.toContain(WHAT);
      expect((await run([...args, '--proxy', 'socks5://127.0.0.1:1'])).stderr).not.toContain(WHAT);
      await chmod(path, 0o600);
      expect((await run(args)).stderr).not.toContain(WHAT);
    },
  );

  test('are refused by a login that would put it there (R1200)', async () => {
    const args = ['login', 'c@d', '--proxy', 'http://u:SECRET@127.0.0.1:1'];
    const { code, stderr } = await run(args);
    expect([code, stderr.includes(WHAT)]).toEqual([2, true]);
  });

  test.each([[[]], [['-a', 'work']], [['--json']]])(
    'are warned of by config %j (R1200)',
    async (flags) => {
      const { code, stderr } = await run(['config', ...flags]);
      expect([code, stderr]).toEqual([
        0,
        expect.stringContaining(
          `warning: ${path.replace('config.toml', WHAT)}; run: chmod 600 ${path}\n`,
        ),
      ]);
    },
  );
});
