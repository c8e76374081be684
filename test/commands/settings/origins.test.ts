// A value that is refused is to be looked for where it came from: a flag, a variable, or a line of the settings.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runInband } from '../../support/programs/inband.js';

const home = mkdtempSync(join(tmpdir(), 'inband-origins-'));
const settingsPath = join(home, '.config/inband/config.toml');
beforeAll(() => {
  mkdirSync(join(home, '.config/inband'), { recursive: true });
  mkdirSync(join(home, 'folder'), { mode: 0o700 });
  writeFileSync(join(home, 'text'), 'x');
});
afterAll(() => rmSync(home, { recursive: true }));

const ROMEO = 'romeo@example.org';
const JULIET = 'juliet@example.org';

interface Given {
  args?: string[];
  env?: Record<string, string>;
  settings?: string;
}

/** What is said by a command that gets no farther than to a server that is not there. */
async function told({ args = ['probe', JULIET], env = {}, settings = '' }: Given) {
  writeFileSync(settingsPath, settings);
  const running = runInband(args, {
    ...{ home, cwd: home },
    env: {
      ...{ INBAND_ACCOUNT: ROMEO, INBAND_PASSWORD: 'x', INBAND_SERVICE: 'xmpp://127.0.0.1:1' },
      ...env,
    },
  });
  const { code } = await running.exited;
  return [code, running.stderr()];
}

const SERVICES =
  'give xmpp://host:port (STARTTLS), xmpps://host:port (TLS from the start) or wss://host/path (WebSocket)';
const PROXIES = 'give socks5://[user:password@]host:port or http://[user:password@]host:port';
const NO_CA = [
  'text holds no certificate in PEM format',
  'one begins with -----BEGIN CERTIFICATE-----',
];

describe('by its flag and by its variable', () => {
  test.each<[flag: string, variable: string, value: string, code: number, words: string[]]>([
    [
      '--account',
      'INBAND_ACCOUNT',
      '@@',
      2,
      ['"@@" is not an XMPP address', 'one looks like name@example.org'],
    ],
    [
      ...(['--account', 'INBAND_ACCOUNT', 'home', 2] as const),
      [`"home" is neither a JID nor an account in ${settingsPath}`, 'accounts there: none'],
    ],
    ['--service', 'INBAND_SERVICE', 'http://a', 2, ['"http://a" is not a service', SERVICES]],
    ['--service', 'INBAND_SERVICE', 'ws://a', 2, ['"ws://a" is not encrypted', SERVICES]],
    ['--tls-ca', 'INBAND_TLS_CA', 'text', 2, NO_CA],
    ['--tls-ca', 'INBAND_TLS_CA', 'gone', 10, ['cannot open gone: no such file or directory']],
    [
      ...(['--proxy', 'ALL_PROXY', 'ftp://a:1', 2] as const),
      [
        '"ftp://a:1" is not the address of a proxy that inband can use: ftp:// is another kind of proxy',
        PROXIES,
      ],
    ],
  ])(
    '%s and $%s are named for %s (R1182)',
    async (flag, variable, value, code, [error, ...hints]) => {
      const below = hints.map((hint) => `\n  ${hint}`).join('');
      expect(await told({ args: ['probe', JULIET, flag, value] })).toEqual([
        code,
        `inband: ${flag}: ${error}${below}\n`,
      ]);
      expect(await told({ env: { [variable]: value } })).toEqual([
        code,
        `inband: $${variable}: ${error}${below}\n`,
      ]);
    },
  );

  test('what asks nobody names the variable, too (R1182)', async () => {
    expect(await told({ args: ['key', 'show'], env: { INBAND_ACCOUNT: '@@' } })).toEqual([
      2,
      'inband: $INBAND_ACCOUNT: "@@" is not an XMPP address\n  one looks like name@example.org\n',
    ]);
  });

  test.each(['INBAND_SERVICE', 'INBAND_TLS_CA'])(
    '$%s that is empty counts as one that is not set (R1183)',
    async (variable) => {
      const proxy = { ALL_PROXY: 'http://127.0.0.1:1' }; // nobody is looked for by DNS
      const [code, stderr] = await told({ env: { [variable]: '', ...proxy } });
      expect([code, stderr]).toEqual([4, expect.stringMatching(/^inband: cannot connect to /)]);
    },
  );

  test('the settings are shown whatever the environment has (R1182)', async () => {
    const env = { INBAND_SERVICE: 'http://a', HTTPS_PROXY: 'ftp://a' };
    expect(await told({ args: ['config'], env })).toEqual([0, `from ${settingsPath}\n`]);
  });
});

describe('by its place in the settings', () => {
  const account = `[accounts.home]\njid = "${ROMEO}"\n`;

  interface Refused {
    place: string;
    settings: string;
    words: string;
    /** Default: a probe. */
    args?: string[];
    /** Default: 2. */
    code?: number;
  }

  test.each<Refused>([
    {
      ...{ place: '[accounts.home] tls-ca', settings: `${account}tls-ca = "gone"`, code: 10 },
      words: `cannot open ${join(settingsPath, '../gone')}: no such file or directory\n`,
    },
    {
      ...{ place: '[accounts.home] password-file', settings: `${account}password-file = "../.."` },
      words: `${home} is a folder\n  name a file\n`,
    },
    {
      place: '[accounts.home] password-command',
      settings: `${account}password-command = "false"`,
      words: '--password-command failed (exit code 1)\n',
    },
    {
      ...{ place: '[receive] exec', settings: '[receive]\nexec = "nothing"', args: ['receive'] },
      words:
        'there is no program "nothing" to run\n  --exec takes one without arguments, and no shell expands "~"\n',
    },
    {
      ...{ place: '[receive] links-host', args: ['receive'] },
      settings: '[receive]\nlinks-host = ["http://a"]',
      words: '--links-host takes a host, or host:port, like files.example.org:5281; not http://a\n',
    },
    {
      ...{ place: '[receive] dir', settings: '[receive]\ndir = "/dev/null/a"', code: 10 },
      ...{ args: ['receive'], words: '/dev/null is no folder\n' },
    },
    {
      ...{ place: '[receive] dir', settings: '[receive]\ndir = "/dev/null/a"', code: 10 },
      ...{ args: ['received'], words: 'cannot open /dev/null/a: not a directory\n' },
    },
  ])('$place is named for $settings and $args (R1182)', async (given) => {
    const { place, settings, words, code = 2, args = ['probe', JULIET] } = given;
    const env = { INBAND_PASSWORD: place.includes('password') ? '' : 'x' };
    expect(await told({ settings, args, env })).toEqual([
      code,
      `inband: ${settingsPath}: ${place}: ${words}`,
    ]);
  });

  test('a flag in its place is named itself (R1182)', async () => {
    const settings = '[receive]\nexec = "cat"';
    const [, stderr] = await told({ settings, args: ['receive', '--exec', 'nothing'] });
    expect(stderr).toMatch(/^inband: --exec: there is no program "nothing" to run\n/);
  });
});
