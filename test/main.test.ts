import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runInband } from './support/programs/inband.js';
import { start } from './support/programs/process.js';

const LAUNCHER = fileURLToPath(new URL('../bin/inband.js', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../package.json', import.meta.url));

const RUNTIME = `Node ${process.versions.node}, ${process.platform} ${process.arch}`;

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

test.each([
  [['send', '--json'], '<file> is missing'],
  [['send', '--json', '--limit-rate', '5', 'a.txt', 'juliet@example.org'], '--limit-rate takes '],
  [['send', '--limit-rate', '5', 'a.txt', 'juliet@example.org', '--json'], '--limit-rate takes '],
  [['publish', '--jsno', '--json'], '"inband publish" knows no flag --jsno'],
  [['received', '--json', '--exec', 'true'], '--exec goes with --exec-again'],
  [['--json', 'cache'], '"inband" knows no flag --json'],
  [['sned', '--json'], '"inband" knows no command "sned"'],
])('%j has its event and its lines (R1334)', async (args, error) => {
  const { code, stdout, stderr } = await run(args);
  const event = JSON.parse(stdout);
  expect([code, event]).toMatchObject([2, { event: 'failed', exitCode: 2 }]);
  expect(event.error).toContain(error);
  expect(stderr.split('\n')[0]).toBe(`inband: ${event.error}`);
  expect(stdout.trimEnd()).not.toContain('\n');
});

test('a file that is called --json asks for no events (R1334)', async () => {
  expect(await run(['send', '--', '--json'])).toMatchObject({ code: 2, stdout: '' });
});

describe('what is loaded', () => {
  /** Notes the packages in what is compiled, and the modules of Node. */
  const NOTE_PACKAGES = `const vm = require('node:vm');
    const { compileFunction } = vm;
    const packages = new Set();
    vm.compileFunction = (code, ...others) => {
      for (const [name] of code.matchAll(/node_modules\\/(@[^/]+\\/)?[^/"]+/g)) packages.add(name);
      return compileFunction(code, ...others);
    };
    process.on('exit', () => {
      const http = process.moduleLoadList.filter((name) => /^NativeModule https?$/.test(name));
      require('node:fs').writeFileSync(process.env.LOADED, [...packages, ...http].join('\\n'));
    });`;

  /** What a run of the program loads beside main.cjs. */
  async function loadedBy(...args: string[]): Promise<string[]> {
    const [hook, list] = [join(home, 'hook.cjs'), join(home, 'loaded')];
    await writeFile(hook, NOTE_PACKAGES);
    await run(args, { NODE_OPTIONS: `--require=${hook}`, LOADED: list });
    return (await readFile(list, 'utf8')).split('\n').filter(Boolean).sort();
  }

  test.each([['--version'], ['--help'], ['send', '--help'], ['receive', '--help']])(
    '%s %s loads nothing but what each run needs (R1181)',
    async (...args) => {
      expect(await loadedBy(...args)).toEqual([]);
    },
  );

  const account = ['-a', 'alice@localhost', '--service', 'xmpp://127.0.0.1:1'];
  const password = ['--password-command', 'echo secret'];

  test.each([
    ['send', '-', 'bob@localhost'],
    ['receive', '--dir', 'inbox'],
    ['probe', 'bob@localhost'],
  ])(
    '%s loads the XMPP library to go online, and none for terminals, WebSockets or HTTP (R1181)',
    async (...args) => {
      const loaded = await loadedBy(...args, ...account, ...password);
      expect(loaded).toEqual(['node_modules/ltx']);
    },
  );

  test('main.cjs has what parses the command line, and no other package', async () => {
    const program = await readFile(new URL('../dist/main.cjs', import.meta.url), 'utf8');
    const packages = program.match(/node_modules\/(@[^/]+\/)?[^/]+/g) ?? [];
    expect(new Set(packages)).toEqual(new Set(['node_modules/commander']));
  });
});

test('--version prints the version of package.json, and what it runs on (R997)', async () => {
  const { version } = JSON.parse(await readFile(PACKAGE, 'utf8'));
  expect(await run(['--version'])).toEqual({
    code: 0,
    stdout: `${version} (${RUNTIME})\n`,
    stderr: '',
  });
});

test('an unknown command exits with 2', async () => {
  const { code, stdout, stderr } = await run(['teleport', 'file']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^inband: [^\n]*"teleport"\n/);
});

test.each<[string[], string]>([
  [['fetch', '\u00e9@bob.xmpp.org'], 'is not a cid'],
  [['cache', 'remove', '\u00e9'], 'is not a cid'],
  [['publish', '--type', 'nonsense', PACKAGE], 'is not a media type'],
  [
    ['publish', '--allow', 'anyone', PACKAGE],
    '--allow goes with --serve\n  without it "inband receive" gives the blob out, to those whom its own --allow lets in\n',
  ],
  [
    ['send', '--retry-for', '1 hour', 'x', 'y'],
    '--retry-for takes seconds, or 90s, 3h, 2d; not 1 hour',
  ],
  [['receive', '-a', 'a@localhost', '--exec', 'sha256sum -b'], 'no program "sha256sum -b"'],
])('%j exits with 2, and says that it %s', async (args, why) => {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(why);
});

test.each([[['fetch', 'x', '--json']], [['probe', '@', '--json']]])(
  '%j tells of its failure on standard output',
  async (args) => {
    const { code, stdout } = await run(args);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ event: 'failed', exitCode: 2 });
  },
);

test('an empty list of those to ask is none', async () => {
  const folder = join(home, '.config', 'inband');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.toml'), 'account = "a@localhost"\n[fetch]\nfrom = []\n');
  const { code, stderr } = await run(['fetch', `sha1+${'0'.repeat(40)}@bob.xmpp.org`]);
  expect(code).toBe(2);
  expect(stderr).toContain('say whom to ask: --from <jid>');
});

test.each<[string[], string]>([
  [['sned'], 'send'],
  [['cache', 'lst'], 'list'],
  [['send', '--windw', '8', 'x', 'y'], '--window'],
  [['receive', '--onc'], '--once'],
  [['cache', 'list', '--jsn'], '--json'],
])('%j is not known, and what is near is named', async (args, near) => {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(`did you mean ${near}?`);
});

describe('the help of', () => {
  const commands = [
    ...['send', 'receive', 'publish', 'fetch', 'probe', 'cache list', 'cache remove'],
    ...['key show', 'key export', 'key import', 'key replace'],
    ...['trust list', 'trust add', 'trust verify', 'trust remove'],
  ];

  test.each([...commands, 'cache prune', 'config', 'completion'])(
    '%s ends with examples of flags that it has',
    async (name) => {
      const { stdout } = await run([...name.split(' '), '--help']);
      const [help = '', examples = ''] = stdout.split('\nExamples:\n');
      expect(examples).toContain(`inband ${name}`);
      const flags =
        examples.match(new RegExp(`(?<=inband ${name}\\b[^|\n]*)\\s--?[a-z-]+`, 'g')) ?? [];
      for (const flag of flags) expect(help).toMatch(new RegExp(`  .*${flag.trim()}\\b`));
    },
  );

  test.each([...commands, 'cache prune', 'config'])(
    '%s has the flags of all, by long names in one style',
    async (name) => {
      const { stdout } = await run([...name.split(' '), '--help']);
      const flags = [...stdout.matchAll(/^ {2}(?:(-\w), )?(\S+)/gm)].map(([, , long]) => long);
      const long = flags.filter((flag) => flag?.startsWith('-'));
      expect(long).toEqual(expect.arrayContaining(['--json', '--quiet', '--verbose', '--help']));
      expect(long.filter((flag) => !/^--[a-z]+(-[a-z\d]+)*$/.test(flag ?? ''))).toEqual([]);
    },
  );
});

test('an error that nobody thought of exits with 1 and shows where it is from', async () => {
  const broken = `import crypto from 'node:crypto';
    import { syncBuiltinESMExports } from 'node:module';
    crypto.createHash = () => { throw new Error('out of order'); };
    syncBuiltinESMExports();`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(broken)}`;
  await writeFile(join(home, 'file'), 'bytes');
  const { code, stdout, stderr } = await run(['publish', 'file'], { NODE_OPTIONS });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^inband: unexpected error: Error: out of order/);
});

test('a command that waits for nothing any more, and is not done, fails', async () => {
  const hook = join(home, 'hook.cjs');
  await writeFile(
    hook,
    `const { Socket } = require('node:net');
     require('node:net').connect = () => new Socket();
     require('node:timers/promises').setTimeout = () => new Promise(() => {});
     global.setTimeout = (...args) => ({ unref() { return this; }, ref() { return this; }, refresh() { return this; } });`,
  );
  const env = { NODE_OPTIONS: `--require=${hook}`, INBAND_PASSWORD: 'x' };
  const args = ['probe', 'bob@localhost', '-a', 'alice@localhost'];
  const { code, stderr } = await run([...args, '--service', 'xmpp://127.0.0.1:1'], env);
  expect(code).toBe(1);
  expect(stderr).toContain('unexpected error: Error: what it waited for cannot come any more');
});

test('no command prints the help on stderr and exits with 2', async () => {
  const { code, stdout, stderr } = await run([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^Usage: inband /);
});

test('every command has a help that exits with 0', async () => {
  const help = await run(['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  const [, list = ''] = /^Files:\n(.*)^Pages, /ms.exec(help.stdout) ?? [];
  const commands = list.match(/^ {2}\w+/gm)?.map((name) => name.trim()) ?? [];
  expect(commands).toEqual(
    expect.arrayContaining(['send', 'receive', 'publish', 'fetch', 'probe']),
  );
  for (const command of commands.filter((name) => name !== 'help')) {
    const outcome = await run([command, '--help']);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toMatch(new RegExp(`^Usage: inband ${command} `));
    expect(await run(['help', command])).toEqual(outcome);
  }
});

describe('output that cannot be written', () => {
  /** Much, and little at the very end. */
  const COMMANDS = [['man'], ['config'], ['--help'], ['publish', LAUNCHER]];

  test.each(COMMANDS)('because nobody reads it ends %s as by SIGPIPE', async (...args) => {
    const running = runInband(args, { home });
    running.child.stdout?.destroy();
    expect(await running.exited).toMatchObject({ code: 141 });
    expect(running.stderr()).not.toContain('EPIPE');
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux.each(COMMANDS)('because the disk is full ends %s with 10 (R778)', async (...args) => {
    const script = ['-c', '"$@" > /dev/full', 'sh', process.execPath, LAUNCHER, ...args];
    const running = start('sh', script, {
      env: { ...process.env, HOME: home, XDG_DATA_HOME: home },
    });
    expect(await running.exited).toMatchObject({ code: 10 });
    expect(running.stderr()).toMatch(
      /^inband: cannot write standard output: no space left on device$/m,
    );
  });
});

test.each([
  [['--version'], 'stdout', 0],
  [['send'], 'stderr', 2],
] as const)(
  '%j ends by the first signal where something keeps it after its end (R1247)',
  async (args, stream, code) => {
    const hook = join(home, 'hook.cjs');
    await writeFile(hook, 'setInterval(() => undefined, 1_000_000);');
    const running = runInband([...args], { home, env: { NODE_OPTIONS: `--require=${hook}` } });
    await running.line(/./, stream);
    expect(await running.stop('SIGTERM')).toEqual({ code, signal: null });
  },
);

test.each([
  [{ ALL_PROXY: 'socks5://127.0.0.1:1' }, [], '$ALL_PROXY'],
  [{}, ['--proxy', 'http://127.0.0.1:1'], '--proxy'],
])(
  'a proxy that cannot be reached is told of with where it was named: %j %j (R1248)',
  async (env, flags, origin) => {
    const args = [
      'probe',
      'bob@localhost',
      '-a',
      'alice@localhost',
      '--service',
      'xmpp://127.0.0.1:9',
    ];
    const { code, stderr } = await run([...args, ...flags], { INBAND_PASSWORD: 'secret', ...env });
    expect(code).toBe(4);
    expect(stderr).toContain(`connections go by the proxy 127.0.0.1 port 1, of ${origin}\n`);
  },
);

test.each([
  ['the server that is named', ['--service', 'xmpp://localhost:1'], 'localhost', []],
  ['all', ['--service', 'xmpp://127.0.0.1:1'], '*', []],
  [
    'all but another host',
    ['--service', 'xmpp://127.0.0.1:1'],
    'localhost',
    ['connections go by the proxy 127.0.0.1 port 9, of $HTTPS_PROXY'],
  ],
])(
  'a proxy that does not count for %s is told of where it was gone by alone (R1301)',
  async (_whom, flags, except, told) => {
    const env = { INBAND_PASSWORD: 'secret', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: except };
    const { code, stderr } = await run(
      ['probe', '-a', 'alice@localhost', 'bob@localhost', ...flags],
      env,
    );
    const [failed, advice, ...others] = stderr.trimEnd().split('\n');
    expect([code, failed, advice, others.map((line) => line.trim())]).toEqual([
      4,
      expect.stringMatching(/^inband: cannot connect to /),
      '  check the network, the domain, and --service',
      told,
    ]);
  },
);
