import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runInband } from '../support/programs/inband.js';

const home = mkdtempSync(join(tmpdir(), 'inband-words-'));
const CID = `sha1+${'0'.repeat(40)}@bob.xmpp.org`;

beforeAll(async () => {
  for (const name of ['photo.jpg', 'photos', 'cert.pem', '-dash.txt'])
    await writeFile(join(home, name), 'x');
  await mkdir(join(home, 'album/photos'), { recursive: true });
});
afterAll(() => rmSync(home, { recursive: true }));

const ACCOUNT = { INBAND_ACCOUNT: 'romeo@example.org', INBAND_PASSWORD: 'x' };
const JULIET = 'juliet@example.org';

async function told(args: string[], env: Record<string, string> = ACCOUNT) {
  const running = runInband(args, { home, cwd: home, env });
  const { code } = await running.exited;
  return [code, running.stderr()];
}

test.each([
  ['socks5://h:1:u:SECRET', 'xmpp://h:1:u:SECRET'],
  ['socks5://h:1?p=SECRET', 'wss://h:1/ws?p=SECRET'],
  ['socks5://u:SECRET@h:1/x', 'wss://u:SECRET@localhost/'],
  ['u:SECRET', 'wss:u:SECRET@h'],
])('no secret in %s or %s is shown, wherever it comes from (R1201)', async (proxy, service) => {
  const runs: [string[], Record<string, string>][] = [
    [['config', '--proxy', proxy], {}],
    [['config', '--json'], { ALL_PROXY: proxy, INBAND_SERVICE: service }],
    [['config', '--service', service], { https_proxy: proxy }],
    [['probe', '--proxy', proxy, JULIET], {}],
    [['probe', JULIET], { ALL_PROXY: proxy }],
    [['probe', `--proxi=${proxy}`, JULIET], {}],
    [['probe', JULIET], service.includes('?') ? { ALL_PROXY: proxy } : { INBAND_SERVICE: service }],
  ];
  for (const [args, env] of runs) {
    const running = runInband(args, { home, cwd: home, env: { ...ACCOUNT, ...env } });
    const { code } = await running.exited;
    expect(running.stdout() + running.stderr()).not.toContain('SECRET');
    // What is typed is refused there, too, and one of the services is none that is wrong.
    const isShown = args[0] === 'config' && !['--proxy', '--service'].includes(args[1] ?? '');
    const isRight = args[1] === '--service' && service.includes('?');
    expect([args, code]).toEqual([args, isShown || isRight ? 0 : 2]);
  }
});

const SECRET = 'socks5://u:SECRET@proxy.example:1080';

test.each<[args: string[], first: string]>([
  [['upload', `--proxi=${SECRET}`, 'photo.jpg'], '"inband upload" knows no flag --proxi'],
  [['send', '--password=SECRET.x', 'photo.jpg', JULIET], '"inband send" knows no flag --password'],
  [['send', '--passwd:SECRET.x', 'photo.jpg', JULIET], '"inband send" knows no flag --passwd'],
  [['send', `-p${SECRET}`, 'photo.jpg', JULIET], '"inband send" knows no flag -p'],
  [['publish', '-pSECRET', 'photo.jpg'], '"inband publish" knows no flag -p'],
  [['send', "-p'SECRET", 'photo.jpg', JULIET], '"inband send" knows no flag -p'],
  [['send', '-q=SECRET', 'photo.jpg', JULIET], '"inband send" knows no flag -='],
  [['--proxi=SECRET', 'send'], '"inband" knows no flag --proxi'],
  [[SECRET], '"inband" knows no command "socks5://…@proxy.example:1080"'],
  [['probe', SECRET], '"socks5://…@proxy.example:1080" is not an XMPP address'],
  [
    ['send', '--to', SECRET, 'photo.jpg'],
    '--to takes a name of the settings, a JID like juliet@example.org, a domain like example.org or xmpp:localhost; not socks5://…@proxy.example:1080',
  ],
  [['trust', 'list', SECRET], '"socks5://…@proxy.example:1080" is not an XMPP address'],
  [['trust', SECRET], '"inband trust" knows no command "socks5://…@proxy.example:1080"'],
  [
    ['send', SECRET, JULIET],
    'cannot open socks5://…@proxy.example:1080: no such file or directory',
  ],
  [['fetch', SECRET], 'socks5://…@proxy.example:1080 is not in the cache'],
  [
    ['receive', SECRET],
    '"inband receive" takes flags alone, and no "socks5://…@proxy.example:1080"',
  ],
  [
    ['receive', '--limit-rate', SECRET],
    '--limit-rate takes bytes a second, or 500k, 1.5M, 512KiB; not socks5://…@proxy.example:1080',
  ],
  [['logout', SECRET], '"socks5://…@proxy.example:1080" is not an XMPP address'],
  [['probe', 'socks5://u:my SECRET@h:1'], '"socks5://…@h:1" is not an XMPP address'],
  [['probe', `socks5://u:SECRET${'x'.repeat(100)}@h:1`], '"socks5://…@h:1" is not an XMPP address'],
])('%j shows no part of what may be a password (R1300)', async (args, first) => {
  const running = runInband(args, { home, cwd: home, env: ACCOUNT });
  await running.exited;
  const said = running.stdout() + running.stderr();
  expect(said.split('\n', 1)).toEqual([`inband: ${first}`]);
  expect(said).not.toContain('SECRET');
});

test('an upload shows no address that .onion hides (R763)', async () => {
  const account = { INBAND_ACCOUNT: 'romeo@abc.onion', INBAND_PASSWORD: 'x' };
  const hidden = { ...ACCOUNT, INBAND_SERVICE: 'xmpp://abc.onion:5222' };
  for (const env of [account, hidden]) {
    for (const [instead, ...args] of [
      ['send it instead: inband send', 'upload', 'photo.jpg'],
      ['leave http out: --via auto', 'send', '--via', 'auto,http', 'photo.jpg', JULIET],
    ]) {
      expect(await told(args, env)).toEqual([
        2,
        `inband: an upload would show your address, which a server of the Tor network is to hide\n  ${instead}\n`,
      ]);
    }
  }
});

test('what --links-host is for is said with its dangers (R934)', async () => {
  const running = runInband(['receive', '--help'], { home, cwd: home, env: ACCOUNT });
  await running.exited;
  expect(running.stdout().replaceAll(/\s+/g, ' ')).toContain(
    'a host of your own, or host:port: links may lead to its private addresses; repeatable',
  );
});

test('links are not fetched where that shows an address that .onion hides (R934)', async () => {
  const env = { INBAND_ACCOUNT: 'romeo@abc.onion', INBAND_PASSWORD: 'x' };
  const [code, text] = await told(['receive', '--links', JULIET], env);
  expect([code, text]).toEqual([
    2,
    expect.stringMatching(
      /^inband: fetching links would show your address.*\n {2}leave --links out\n$/,
    ),
  ]);
});

test.each([
  [
    ['--links-host', 'files.lan'],
    '--links-host says nothing without --links\n  whose links? --links <who>',
  ],
  [
    ['--links-max-size', '1M'],
    '--links-max-size says nothing without --links\n  whose links? --links <who>',
  ],
  [
    ['--links', 'anyone', '--encrypt', 'require'],
    'what is fetched by a link is not encrypted, and --encrypt require allows none of that\n  leave --links out',
  ],
  [
    ['--links', 'anyone', '--links-host', 'https://files.lan'],
    '--links-host takes a host, or host:port, like files.example.org:5281; not https://files.lan',
  ],
  [
    ['--links', 'juliet'],
    '--links takes own, contacts, anyone, nobody, a name of the settings, a JID like juliet@example.org',
  ],
])('what is wrong with %j is said before going online (R934)', async (flags, words) => {
  const [code, text] = await told(['receive', ...flags]);
  expect(code).toBe(2);
  expect(text).toContain(words);
  expect(text).not.toContain('online');
});

const PROXY_HINT = 'give socks5://[user:password@]host:port or http://[user:password@]host:port';

test.each<[string[], Record<string, string>, string]>([
  [
    ['--proxy', 'ftp://romeo:secret@127.0.0.1:1'],
    { ALL_PROXY: 'socks5://127.0.0.1:1' },
    '--proxy: "ftp://…@127.0.0.1:1" is not the address of a proxy that inband can use: ftp:// is another kind of proxy',
  ],
  [
    ['--proxy', '127.0.0.1:1080'],
    {},
    '--proxy: "…" is not the address of a proxy that inband can use: it begins with neither socks5:// nor http://',
  ],
  [
    [],
    { HTTPS_PROXY: 'https://proxy:3128' },
    '$HTTPS_PROXY: "https://proxy:3128" is not the address of a proxy that inband can use: none is spoken to by TLS (https://)',
  ],
  [
    [],
    { all_proxy: 'romeo:secret@proxy:99999', HTTPS_PROXY: 'http://proxy:1' },
    '$all_proxy: "…" is not the address of a proxy that inband can use: its port is no number from 1 to 65535',
  ],
])(
  'a proxy that cannot be used is told with what names it: %j %j (R1101)',
  async (flags, env, words) => {
    for (const command of [['probe', JULIET], ['receive'], ['send', 'photo.jpg', JULIET]]) {
      expect(await told([...command, ...flags], { ...ACCOUNT, ...env })).toEqual([
        2,
        `inband: ${words}\n  ${PROXY_HINT}\n`,
      ]);
    }
  },
);

test('"inband config" shows a proxy of the environment that cannot be used (R1101)', async () => {
  const [code] = await told(['config'], { ...ACCOUNT, ALL_PROXY: 'ftp://proxy:1' });
  expect(code).toBe(0);
});

const CID_HINT = 'one looks like sha-256+…@bob.xmpp.org, with all 64 digits of the hash';

test.each<[string[], string[]]>([
  [
    ['send', 'photo.jpg'],
    ['nobody is named to send photo.jpg to', 'inband send photo.jpg <jid>'],
  ],
  [
    ['send', JULIET],
    [`no file is named to send to ${JULIET}`, `inband send <file...> ${JULIET}`],
  ],
  [
    ['send', '-dash.txt', JULIET],
    [
      '"inband send" knows no flag -dash.txt',
      'a file of that name is given as ./-dash.txt',
      '"inband help send" shows its flags',
    ],
  ],
  [
    ['send', '-', '-', JULIET],
    ['standard input can be sent once only', 'give "-" once'],
  ],
  [
    ['send', '--name', 'a', 'photo.jpg', JULIET],
    ['--name is for standard input', 'give "-" as a file, or leave it out'],
  ],
  [
    ['send', '--to', JULIET, '--to', 'nurse@example.org', '-'],
    ['stdin can be read only once, and goes to one recipient', 'give --to once'],
  ],
  [
    ['send', '--via', 'http', '--wait-online', '1h', 'photo.jpg', JULIET],
    [
      '--via http leaves a link at once where nobody is there, and --wait-online waits for somebody',
      'leave one of them out',
    ],
  ],
  [
    ['send', '--message', 'look', 'photo.jpg', JULIET],
    ['--message is for files that are left with a link', 'add --via auto,http'],
  ],
  [
    ['send', '--via', 'http,si', 'photo.jpg', JULIET],
    [
      '--via takes auto, or jingle, si, ibb, some of them with commas between; http last, or alone; not http,si',
    ],
  ],
  [
    ['upload', '-'],
    [
      'the size of standard input is not known before it is read, and an upload must tell it',
      'save it as a file first',
    ],
  ],
  [
    ['receive', '--allow', 'juliet'],
    [
      '--allow takes own, contacts, anyone, a name of the settings, a JID like juliet@example.org, a domain like example.org or xmpp:localhost; not juliet',
    ],
  ],
  [
    ['send', '--to-key', 'x', '--to', JULIET, '--to', 'nurse@example.org', 'photo.jpg'],
    ['--to-key is the key of one recipient, and there are several', 'send to one after the other'],
  ],
  [
    ['send', '--to-key', 'x', '--encrypt', 'off', 'photo.jpg', JULIET],
    [
      '--to-key is for what is encrypted, and --encrypt off encrypts nothing',
      'leave one of them out',
    ],
  ],
  [
    ['send', '--transport', 's5b', '--encrypt', 'off', 'photo.jpg', JULIET],
    [
      '--transport s5b is for what is encrypted, and --encrypt off encrypts nothing',
      'leave one of them out',
    ],
  ],
  [
    ['send', '--transport', 's5b', '--via', 'si', 'photo.jpg', JULIET],
    ['--transport s5b goes by jingle, which --via leaves out', 'leave one of them out'],
  ],
  [
    ['send', '-a', 'romeo@abc.onion', '--transport', 's5b', 'photo.jpg', JULIET],
    ['--transport s5b would show the address that .onion hides', 'leave it out: files go in-band'],
  ],
  [
    ['send', '--plain-s5b', '--encrypt', 'require', 'photo.jpg', JULIET],
    [
      '--plain-s5b is for what is not encrypted, and --encrypt require allows none of that',
      'leave one of them out',
    ],
  ],
  [
    ['receive', '--plain-s5b', '--encrypt', 'require'],
    [
      '--plain-s5b is for what is not encrypted, and --encrypt require allows none of that',
      'leave one of them out',
    ],
  ],
  [
    ['send', '--plain-s5b', '--transport', 'ibb', 'photo.jpg', JULIET],
    [
      '--plain-s5b is for what goes beside the XMPP stream, and --transport ibb lets nothing',
      'leave one of them out',
    ],
  ],
  [
    ['send', '--plain-s5b', '--via', 'si', 'photo.jpg', JULIET],
    ['--plain-s5b goes by jingle, which --via leaves out', 'leave one of them out'],
  ],
  [
    ['receive', '-a', 'romeo@abc.onion', '--plain-s5b'],
    ['--plain-s5b would show the address that .onion hides', 'leave one of them out'],
  ],
  [
    ['send', '--to-key', 'x', 'photo.jpg', JULIET],
    ['that is no key', 'one has 52 letters and digits, as "inband key" shows it'],
  ],
  [
    ['send', 'album/photos', 'photos', JULIET],
    ['two of these are called photos, and would be mixed', 'send one after the other'],
  ],
  [['send', '/', JULIET], ['/ has no name that a folder at the recipient could have']],
  [
    ['send', 'photo.jpg', '@'],
    ['"@" is not an XMPP address', 'one looks like name@example.org'],
  ],
  [
    ['send', 'photo.jpg', 'xmpp:a%ffb@example.org'],
    [
      '"xmpp:a%ffb@example.org" has a "%" that is followed by no UTF-8 in hexadecimal',
      'one looks like name@example.org',
    ],
  ],
  [
    ['send', 'photo.jpg', 'xmpp:a%40b%40example.org'],
    [
      '"xmpp:a%40b%40example.org" has an escaped "@" or "/" where none may be',
      'one looks like name@example.org',
    ],
  ],
  [
    ['send', '--service', 'example.org', 'photo.jpg', JULIET],
    [
      '--service: "example.org" is not a service',
      'give xmpp://host:port (STARTTLS), xmpps://host:port (TLS from the start) or wss://host/path (WebSocket)',
    ],
  ],
  [
    ['send', '--service', 'ws://127.0.0.1:5280/ws', 'photo.jpg', JULIET],
    [
      '--service: "ws://127.0.0.1:5280/…" is not encrypted',
      'give xmpp://host:port (STARTTLS), xmpps://host:port (TLS from the start) or wss://host/path (WebSocket)',
    ],
  ],
  [
    ['send', '--tls-ca', 'cert.pem', 'photo.jpg', JULIET],
    [
      '--tls-ca: cert.pem holds no certificate in PEM format',
      'one begins with -----BEGIN CERTIFICATE-----',
    ],
  ],
  [
    ['fetch', 'x'],
    ['"x" is not a cid', CID_HINT],
  ],
  [
    ['fetch', 'sha1+8f35@bob.xmpp.org'],
    ['"sha1+8f35@bob.xmpp.org" is not a cid', CID_HINT],
  ],
  [
    ['fetch', 'cid:sha-256+zz@bob.xmpp.org'],
    ['"cid:sha-256+zz@bob.xmpp.org" is not a cid', CID_HINT],
  ],
  [
    ['fetch', '--json', '-o', '-', '--from', JULIET, CID],
    ['--json and "--output -" both want standard output', 'choose one'],
  ],
  [
    ['fetch', '-o', '-', '--from', JULIET, CID, CID.replace('0', '1')],
    ['standard output takes one blob only', 'give a folder: -o <folder>'],
  ],
  [
    ['publish', 'album'],
    ['album is a folder', 'name the files in it'],
  ],
  [
    ['publish', '--max-age', '1.5', 'photo.jpg'],
    ['--max-age takes seconds, or 90s, 3h, 2d; not 1.5'],
  ],
  [['trust', 'add', JULIET, '--name', ''], ['--name takes 1 to 64 characters']],
  [
    ['trust', 'add', JULIET],
    ['no key was given', 'type or paste it, or give it on standard input'],
  ],
  [
    ['cache', 'remove', 'foo'],
    ['"foo" is not a cid', CID_HINT],
  ],
  [['received', '--exec', 'true'], ['--exec goes with --exec-again']],
  [['received', '--health', '--exec-again'], ['--health does not go with --exec-again']],
  [
    ['trust', 'remove', JULIET],
    [`no key of ${JULIET} is known`, 'inband trust list'],
  ],
  [
    ['receive', '--exec', 'nothing-like-it'],
    [
      '--exec: there is no program "nothing-like-it" to run',
      '--exec takes one without arguments, and no shell expands "~"',
    ],
  ],
  [
    ['receive', '--exec', 'photo.jpg'],
    [
      '--exec: there is no program "photo.jpg" to run',
      'did you mean ./photo.jpg?',
      '--exec takes one without arguments, and no shell expands "~"',
    ],
  ],
  [
    ['upload', 'album'],
    ['album is a folder', 'name the files in it'],
  ],
  [
    ['send', '--password-file', 'album', 'photo.jpg', JULIET],
    ['--password-file: album is a folder', 'name a file'],
  ],
  [['receive', '--dir', ''], ['--dir takes a path; not ""']],
  [
    ['receive', '--limit-rate', 'fast'],
    ['--limit-rate takes bytes a second, or 500k, 1.5M, 512KiB; not fast'],
  ],
])('%j says what is wrong, and what would be right (R673)', async (args, [error, ...hints]) => {
  const lines = [`inband: ${error}`, ...hints.map((hint) => `  ${hint}`)];
  expect(await told(args)).toEqual([2, lines.map((line) => `${line}\n`).join('')]);
});

test('who names nobody to ask for a blob is told how', async () => {
  expect(await told(['fetch', CID])).toEqual([
    2,
    `inband: ${CID} is not in the cache\n  say whom to ask: --from <jid>\n`,
  ]);
  expect(await told(['fetch', '--no-cache', CID])).toEqual([
    2,
    'inband: the cache is not to be looked into\n  say whom to ask: --from <jid>\n',
  ]);
});

test('who has no account yet is told where one is given (R673)', async () => {
  expect(await told(['send', 'photo.jpg', JULIET], {})).toEqual([
    2,
    'inband: no account is given\n' +
      '  set it up: inband login name@example.org\n' +
      '  or name it: -a name@example.org, or INBAND_ACCOUNT in the environment\n',
  ]);
});

test('who gives no password is told how (R673)', async () => {
  const env = { INBAND_ACCOUNT: 'romeo@example.org' };
  expect(await told(['send', 'photo.jpg', JULIET], env)).toEqual([
    2,
    'inband: no password is given, and there is no terminal to ask for it\n' +
      '  set INBAND_PASSWORD, or give --password-file or --password-command\n',
  ]);
});

test.each([[[]], [['--json']], [['--health']], [['--exec-again', '--exec', 'true']]])(
  'a file is no folder in which nothing has arrived yet, with %j (R1335)',
  async (flags) => {
    const file = join(home, 'photo.jpg');
    expect(await told(['received', '--dir', 'photo.jpg', ...flags])).toEqual([
      10,
      `inband: --dir: ${file} is no folder\n`,
    ]);
  },
);

const PEOPLE =
  'a name of the settings, a JID like juliet@example.org, a domain like example.org or xmpp:localhost';

test.each([
  [
    ['receive', '--allow', 'foo bar'],
    `--allow takes own, contacts, anyone, ${PEOPLE}; not foo bar`,
  ],
  [
    ['receive', '--links', 'foo bar'],
    `--links takes own, contacts, anyone, nobody, ${PEOPLE}; not foo bar`,
  ],
  [['fetch', '--from', '@', CID], `--from takes ${PEOPLE}; not @`],
  [['send', '--to', 'a@b@c', 'photo.jpg'], `--to takes ${PEOPLE}; not a@b@c`],
])('%j names the flag, and what it takes (R1338)', async (args, words) => {
  expect(await told(args)).toEqual([2, `inband: ${words}\n`]);
});

test.each([['cache', 'list'], ['receive'], ['trust', 'list']])(
  '"%s %s" is told either to be quiet or to say more (R1338)',
  async (...args) => {
    expect(await told([...args.filter(Boolean), '-q', '-v'])).toEqual([
      2,
      'inband: --quiet and --verbose exclude each other\n  give one of them\n',
    ]);
  },
);

test('the links of nobody can be asked for as the default is shown (R1338)', async () => {
  expect(await told(['receive', '--links', 'nobody', '--links-host', 'a.example'])).toEqual([
    2,
    'inband: --links-host says nothing without --links\n  whose links? --links <who>\n',
  ]);
});
