import { once } from 'node:events';
import { chmod, mkdir, truncate, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { appears } from '../../support/files.js';
import {
  type Actor,
  type ActorOptions,
  eventsOf,
  filesIn,
  outcomeOf,
  prepareStage,
  resultsOf,
  withoutWaits,
  writeRandom,
} from '../stage.js';

const BOB = 'bob@localhost';

const stage = prepareStage();
let file: string;
beforeEach(async () => {
  file = join(stage.folder(), 'a file');
  await writeRandom(file, 5000);
});

/** A command that must fail: with the exit code, a line on stderr that says why, hints below, and nothing left behind. */
async function expectFailure(actor: Actor, code: number, why: RegExp): Promise<void> {
  const outcome = await outcomeOf(actor);
  expect(outcome).toMatchObject({ code, stdout: '' });
  const [first, ...hints] = complaintsIn(outcome.stderr);
  for (const hint of hints) expect(hint).toMatch(/^ {2}\S/);
  expect([first, ...hints.map((hint) => hint.trim())].join('; ')).toMatch(why);
  expect(filesIn(actor.folder)).toEqual([]);
}

/** What is not said of a run that goes well. */
const complaintsIn = (stderr: string) =>
  withoutWaits(stderr)
    .split('\n')
    .filter((line) => line && !/^(online as|first contact with) /.test(line));

const send = (args: string[], options?: ActorOptions) =>
  stage.inband('alice', ['send', ...args], options);

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

describe('usage', () => {
  test.each<[string, string[], RegExp]>([
    ['a flag that is not there', ['send', '--fast', 'x', BOB], /knows no flag --fast/],
    ['no operand', ['send'], /<file> is missing/],
    ['no recipient', ['send', 'x'], /nobody is named to send x to/],
    ['no value', ['send', 'x', BOB, '--window'], /--window needs a value/],
    ['a block size of 0', ['send', '--block-size', '0', 'x', BOB], /--block-size.* 1 to 65535/],
    ['a block size too large', ['send', '--block-size', '65536', 'x', BOB], /--block-size/],
    ['a window of 0', ['send', '--window', '0', 'x', BOB], /--window/],
    ['a window that is no number', ['send', '--window', '4.5', 'x', BOB], /--window/],
    ['retries below 0', ['send', '--max-retries', '-1', 'x', BOB], /--max-retries/],
    ['a wait that is no number', ['send', '--initial-wait', 'a', 'x', BOB], /--initial-wait/],
    ['a way that is not known', ['send', '--via', 'ftp', 'x', BOB], /--via/],
    ['no room for a session', ['receive', '--max-sessions', '0'], /--max-sessions/],
    ['standard input twice', ['send', '-', '-', BOB], /standard input/],
    ['a name for no standard input', ['send', '--name', 'a', 'x', BOB], /--name.*"-"/],
    ['operands where none are', ['receive', 'x'], /takes flags alone/],
    ['a hash that is not known', ['publish', '--hash', 'crc32', 'x'], /--hash/],
    ['a max-age below 0', ['publish', '--max-age', '-1', 'x'], /--max-age/],
    ['cids that are none', ['fetch', 'x', 'y'], /"x" is not a cid/],
    ['a command that is not there', ['download', 'x'], /no command "download"/],
  ])('%s', async (_, args, why) => {
    await expectFailure(stage.inband('alice', args), 2, why);
  });

  test('a recipient that is no address', async () => {
    await expectFailure(send([file, 'no one@here']), 2, /"no one@here" is not an XMPP address/);
  });

  test('an account that is no address', async () => {
    await expectFailure(send([file, BOB, '-a', 'no one@here']), 2, /is not an XMPP address/);
  });

  test.each(['send', 'receive', 'publish', 'fetch'])('%s without an account', async (command) => {
    const cid = `sha1+${'0'.repeat(40)}@bob.xmpp.org`;
    const operands = {
      send: [file, BOB],
      receive: [],
      publish: [file, '--serve'],
      fetch: [cid, '--from', BOB],
    }[command] as string[];
    const env = { INBAND_ACCOUNT: undefined };
    const actor = stage.inband('alice', [command, ...operands], { env });
    await expectFailure(actor, 2, /INBAND_ACCOUNT/);
  });

  test.each(['ftp://localhost', 'localhost', 'xmpp://localhost:0x', 'xmpp://'])(
    'a service like %s',
    async (service) => {
      await expectFailure(send([file, BOB, '--service', service]), 2, /xmpps?:\/\//);
    },
  );
});

describe('the source', () => {
  test('is missing', async () => {
    const why = /^inband: cannot open \S*nothing-there: no such file or directory$/;
    await expectFailure(send(['nothing-there', BOB]), 10, why);
  });

  test('is missing beside others that are there: nothing is sent', async () => {
    const bob = await stage.receive('bob');
    await expectFailure(send([file, 'nothing-there', BOB]), 10, /nothing-there/);
    expect(filesIn(bob.folder)).toEqual([]);
  });

  test('is a folder without a name', async () => {
    await expectFailure(send(['/', BOB]), 2, /^inband: \/ has no name/);
  });

  test('of publish is missing', async () => {
    const actor = stage.inband('alice', ['publish', 'nothing-there']);
    await expectFailure(actor, 10, /cannot open \S*nothing-there: no such file/);
  });

  test('of publish is a directory', async () => {
    const folder = stage.folder();
    await expectFailure(stage.inband('alice', ['publish', folder]), 2, new RegExp(folder));
  });
});

describe('the password', () => {
  const withPassword = (password: string | undefined) => ({ env: { INBAND_PASSWORD: password } });
  const secret = () => stage.server.account('alice').password;

  async function passwordFile(mode: number, content = `${secret()}\n`): Promise<string> {
    const path = join(stage.folder(), 'password');
    await writeFile(path, content);
    await chmod(path, mode);
    return path;
  }

  test('is wrong', async () => {
    const why =
      /^inband: wrong password, or no such account: alice@localhost; "inband config" shows/;
    await expectFailure(send([file, BOB], withPassword('wrong')), 3, why);
  });

  test('is not given', async () => {
    await expectFailure(send([file, BOB], withPassword(undefined)), 2, /INBAND_PASSWORD/);
  });

  test('is in a file that others can read (R59)', async () => {
    for (const mode of [0o644, 0o640, 0o602]) {
      const path = await passwordFile(mode);
      const actor = send([file, BOB, '--password-file', path]);
      await expectFailure(actor, 2, new RegExp(`chmod 600 ${path}$`));
    }
  });

  test('is in a file that is not there', async () => {
    await expectFailure(send([file, BOB, '--password-file', 'nothing-there']), 10, /nothing-there/);
  });

  test('is in a file that is empty', async () => {
    const path = await passwordFile(0o600, '\n');
    await expectFailure(
      send([file, BOB, '--password-file', path]),
      2,
      /^inband: --password-file: the password is empty; it is the first line of what the file or command gives$/,
    );
  });

  test('is printed by a command that fails; that is not shown, but what the command has to say (R25)', async () => {
    const command = 'echo hunter2; echo no such entry >&2; exit 7';
    const actor = send([file, BOB, '--password-command', command]);
    expect(await outcomeOf(actor)).toEqual({
      code: 2,
      stdout: '',
      stderr: 'no such entry\ninband: --password-command failed (exit code 7)\n',
    });
  });

  // It took effect when the command had ended, with another exit code.
  test('is not waited for any more when that is wanted', async () => {
    const started = join(stage.folder(), 'started');
    const command = `touch '${started}'; cat; exec sleep 600`;
    const actor = send([file, BOB, '--password-command', command]);
    await appears(started);
    await actor.stop('SIGTERM');
    expect((await outcomeOf(actor)).code).toBe(143);
  });

  test('comes from a file, over the environment', async () => {
    const bob = await stage.receive('bob', ['--once']);
    const path = await passwordFile(0o600);
    const alice = send([file, BOB, '--password-file', path], withPassword('wrong'));
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    await resultsOf(bob);
  });

  test('comes from a command, which may be a pipeline', async () => {
    const bob = await stage.receive('bob', ['--once']);
    const path = await passwordFile(0o600, `first line\n${secret()}\nlast line\n`);
    const command = `cat '${path}' | sed -n 2,3p`;
    const alice = send([file, BOB, '--password-command', command], withPassword(undefined));
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    await resultsOf(bob);
  });

  test('is no flag, for others would see it (R59)', async () => {
    await expectFailure(send([file, BOB, '--password', 'hunter2']), 2, /--password/);
  });
});

describe('the server', () => {
  test('cannot be reached', async () => {
    const service = `xmpp://127.0.0.1:${await closedPort()}`;
    await expectFailure(send([file, BOB, '--service', service]), 4, /^inband: cannot connect to /);
  });

  test('is not trusted', async () => {
    const env = { INBAND_TLS_CA: undefined };
    await expectFailure(send([file, BOB], { env }), 4, /certificate is not trusted.*--tls-ca/);
  });

  test('is not trusted over direct TLS', async () => {
    const env = { INBAND_TLS_CA: undefined };
    const actor = send([file, BOB, '--service', stage.server.directTlsService], { env });
    await expectFailure(actor, 4, /certificate is not trusted.*--tls-ca/);
  });

  test.each(['STARTTLS', 'direct TLS'])(
    'does not serve the domain of the account, over %s',
    async (kind) => {
      const { service, directTlsService } = stage.server;
      const way = ['--service', kind === 'STARTTLS' ? service : directTlsService];
      const actor = send([file, BOB, '-a', 'alice@example.org', ...way]);
      await expectFailure(actor, 4, /host-unknown|unrecognized.name|example\.org/);
      expect(actor.stderr()).not.toMatch(/openssl|sent more than/);
    },
  );

  test('has a CA that is in a file that is not there', async () => {
    await expectFailure(send([file, BOB, '--tls-ca', 'nothing-there']), 10, /nothing-there/);
  });

  test('has a CA that is in a file without one', async () => {
    await expectFailure(send([file, BOB, '--tls-ca', file]), 2, /a file/);
  });

  test('speaks TLS at once where STARTTLS is expected', async () => {
    const service = stage.server.directTlsService.replace('xmpps', 'xmpp');
    const why =
      /^inband: cannot connect to .*; does that port speak TLS from the start\? xmpps:\/\//;
    await expectFailure(send([file, BOB, '--service', service]), 4, why);
  });

  test('expects STARTTLS where TLS is spoken at once', async () => {
    const service = stage.server.service.replace('xmpp', 'xmpps');
    const why = /^inband: cannot connect to .*; that port speaks STARTTLS: try xmpp:\/\//;
    await expectFailure(send([file, BOB, '--service', service]), 4, why);
  });
});

describe('the recipient', () => {
  test('is looked for though the settings have a name for standard input', async () => {
    const folder = join(stage.home('alice'), '.config/inband');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'config.toml'), '[send]\nname = "dump"\n');
    await expectFailure(send([file, BOB]), 5, /^inband: nobody at bob@localhost/);
  });

  test('is offline', async () => {
    await expectFailure(send([file, BOB]), 5, /^inband: nobody at bob@localhost took/);
  });

  test('does not exist', async () => {
    await expectFailure(
      send([file, 'nobody@localhost']),
      5,
      /^inband: nobody at nobody@localhost took/,
    );
  });

  test('is of a domain that the server cannot reach', async () => {
    await expectFailure(
      send([file, 'bob@example.invalid']),
      5,
      /^inband: your server cannot reach example\.invalid .*; is the address right\?$/,
    );
  });

  test('does not allow it', async () => {
    const bob = await stage.receive('bob', ['--allow', 'own']);
    await expectFailure(send([file, BOB]), 5, /^inband: nobody at bob@localhost took the file/);
    expect(filesIn(bob.folder)).toEqual([]);
  });
});

describe('a transfer under way', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'of what cannot be read again ends with 7 when the server ends by %s; the daemon comes back',
    async (signal) => {
      const bob = await stage.receive('bob', ['--json']);
      const alice = stage.inband('alice', ['send', '--json', '--window', '1', '/dev/zero', BOB]);
      await bob.line(/^\{"event":"progress"/);
      await stage.server.restart(signal);
      const { code, stdout, stderr } = await outcomeOf(alice);
      expect({ code, stderr }).toEqual({ code: 7, stderr: expect.any(String) });
      expect(stderr).not.toMatch(/unexpected|\.js:/);
      const failed = eventsOf(stdout).filter(({ event }) => event === 'failed');
      expect(failed.map(({ exitCode }) => exitCode)).toEqual([7]);

      const isOnline = ({ state }: { state?: unknown }) => state === 'online';
      while (eventsOf(bob.stdout()).filter(isOnline).length < 2) {
        await once(bob.child.stdout as Readable, 'data');
      }
      expect(await outcomeOf(send([file, BOB]))).toMatchObject({ code: 0 });
      await bob.stop('SIGTERM');
      const ends = eventsOf(bob.stdout()).filter(
        ({ event }) => event === 'failed' || event === 'done',
      );
      expect(ends).toMatchObject([
        { event: 'failed', exitCode: 7 },
        { event: 'done', size: 5000 },
      ]);
    },
  );

  test('ends with 10 when the file gets shorter (R47)', async () => {
    await truncate(file, 50_000_000);
    const bob = await stage.receive('bob');
    const alice = send(['--json', '--window', '1', file, BOB]);
    await alice.line(/^\{"event":"progress"/);
    await truncate(file, 1_000_000);
    const { code, stderr } = await outcomeOf(alice);
    expect(code).toBe(10);
    expect(complaintsIn(stderr).slice(-2)).toEqual([
      expect.stringMatching(/^inband: a file changed/),
      '  send it again',
    ]);
    await bob.line(/did not arrive/, 'stderr');
    expect(filesIn(bob.folder).filter((path) => !path.startsWith('.inband/'))).toEqual([]);
  });
});

describe('what reads the output', () => {
  test('of a daemon is gone: it ends as by SIGPIPE, and keeps what has arrived', async () => {
    const bob = await stage.receive('bob');
    bob.child.stdout?.destroy();
    expect(await outcomeOf(send([file, BOB]))).toMatchObject({ code: 0 });
    const { code, stderr } = await outcomeOf(bob);
    expect(code).toBe(141);
    expect(stderr).not.toMatch(/\n\s+at |Unhandled|interrupted/);
    expect(filesIn(bob.folder)).toHaveLength(1);
  });
});

describe('the inbox', () => {
  test('is a file', async () => {
    const actor = stage.inband('bob', ['receive', '--dir', file]);
    await expectFailure(actor, 10, new RegExp(`^inband: .*${file}`));
  });

  test('is below a file', async () => {
    const actor = stage.inband('bob', ['receive', '--dir', join(file, 'inbox')]);
    await expectFailure(actor, 10, new RegExp(`^inband: .*${file}`));
  });

  test('is where nothing can be made', async () => {
    const actor = stage.inband('bob', ['receive', '--dir', '/proc/inband/inbox']);
    await expectFailure(actor, 10, /^inband: .*\/proc/);
  });

  test('has a file where the partials go', async () => {
    const inbox = stage.folder();
    await writeFile(join(inbox, '.inband'), '');
    const actor = stage.inband('bob', ['receive', '--dir', inbox]);
    await expectFailure(actor, 10, new RegExp(`^inband: .*${inbox}`));
  });

  test('is in use: the process is named, and the one that has it goes on', async () => {
    const bob = await stage.receive('bob');
    const actor = stage.inband('bob', ['receive', '--dir', bob.folder]);
    await expectFailure(
      actor,
      10,
      new RegExp(`in use by another inband \\(process ${bob.child.pid}\\)`),
    );
    expect(await outcomeOf(send([file, BOB]))).toMatchObject({ code: 0 });
    await bob.stop();
  });

  test('may not be written to', async () => {
    const own = join(stage.folder(), 'inbox');
    await mkdir(own, { mode: 0o500 });
    // Root may write wherever the kernel does not say no itself.
    const inbox = process.getuid?.() === 0 ? '/sys' : own;
    const actor = stage.inband('bob', ['receive', '--dir', inbox]);
    await expectFailure(actor, 10, /permission denied|operation not permitted|read-only/);
  });
});

test.each<[string, number, () => Actor]>([
  ['no account', 2, () => send(['--json', file, BOB], { env: { INBAND_ACCOUNT: undefined } })],
  ['a source that is missing', 10, () => send(['--json', 'nothing-there', BOB])],
  ['a wrong password', 3, () => send(['--json', file, BOB], { env: { INBAND_PASSWORD: 'x' } })],
  ['nobody there', 5, () => send(['--json', file, BOB])],
  ['an inbox that is a file', 10, () => stage.inband('bob', ['receive', '--json', '--dir', file])],
])('--json says of %s the exit code and what stderr says', async (_, code, start) => {
  const outcome = await outcomeOf(start());
  expect(outcome.code).toBe(code);
  const [line = '', ...hints] = complaintsIn(outcome.stderr);
  const failed = eventsOf(outcome.stdout).filter(({ event }) => event === 'failed');
  expect(failed).toMatchObject([
    { event: 'failed', error: line.replace('inband: ', ''), exitCode: code },
  ]);
  expect(failed.flatMap((one) => one.hints ?? [])).toEqual(hints.map((hint) => hint.trim()));
});
