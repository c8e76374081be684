// `npm run demo`: a file and a blob go between two accounts of a private server, through the built
// program. What it shows can be copied into a shell; with `-- --keep` the server stays for that.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { accountOf, runInband } from './support/programs/inband.js';
import type { Running } from './support/programs/process.js';
import { type Prosody, startProsody } from './support/servers/prosody.js';

const LAUNCHER = fileURLToPath(new URL('../bin/inband.js', import.meta.url));
const FILE_BYTES = 8_000_000;
const ROSE = 'That which we call a rose\nBy any other name would smell as sweet.\n';

/** 128 and the number of the signal, as shells have it. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** The message says all that there is to know. */
class DemoFailed extends Error {
  override readonly name = 'DemoFailed';
}

interface Person {
  name: string;
  jid: string;
  /** Home and working directory. */
  home: string;
  env: Record<string, string>;
}

interface Stage {
  juliet: Person;
  romeo: Person;
  /** Every process that was started, ended or not. */
  processes: Running[];
  signal: AbortSignal;
}

async function main(args: string[], signal: AbortSignal): Promise<void> {
  const keep = args[0] === '--keep';
  if (args.length > (keep ? 1 : 0)) throw new DemoFailed('usage: npm run demo [-- --keep]');
  await inNewFolder((folder) =>
    onPrivateServer(async (server) => {
      signal.throwIfAborted();
      const stage = await createStage(server, folder, signal);
      say('A private Prosody runs on loopback, with two accounts that are contacts of each other.');
      await perform(stage);
      if (keep) await keepRunning(stage);
    }),
  );
  if (keep) return;
  say('\nThat was all: the server is stopped, and its files are removed. What to try next:');
  say('  npm run demo -- --keep      # the same, and then a shell of yours can take part');
  say(
    '  node bin/inband.js --help   # the commands; "The first file" in README.md does it with your own account',
  );
}

async function createStage(server: Prosody, folder: string, signal: AbortSignal): Promise<Stage> {
  const password = randomBytes(8).toString('hex');
  const create = async (name: string): Promise<Person> => {
    const { jid } = await server.addAccount(name, password);
    const home = join(folder, name);
    await mkdir(home);
    return { name, jid, home, env: accountOf(server, name) };
  };
  const stage = { juliet: await create('juliet'), romeo: await create('romeo') };
  await server.subscribe('juliet', 'romeo');
  return { ...stage, processes: [], signal };
}

/** What a shell needs before the commands that are shown work in it. */
function introduce({ juliet, romeo }: Stage): void {
  const { INBAND_ACCOUNT: _, ...shared } = juliet.env;
  say('While this runs, a shell of yours can take part in it, after');
  say(`  alias inband=${quote(`node ${quote(LAUNCHER)}`)}`);
  for (const [name, value] of Object.entries(shared)) say(`  export ${name}=${quote(value)}`);
  for (const { name, jid, home } of [juliet, romeo]) {
    say(`and, as ${name},`);
    say(`  cd ${quote(home)}; export INBAND_ACCOUNT=${jid}`);
    say(
      '  export XDG_CONFIG_HOME="$PWD/.config" XDG_DATA_HOME="$PWD/.local/share" XDG_CACHE_HOME="$PWD/.cache"',
    );
  }
}

/** Plays it to its end, or until the signal; in either case no process is left. */
async function perform(stage: Stage): Promise<void> {
  try {
    await Promise.race([play(stage), once(stage.signal, 'abort')]);
    stage.signal.throwIfAborted();
  } finally {
    await Promise.all(stage.processes.map((one) => one.stop('SIGKILL')));
  }
}

async function play(stage: Stage): Promise<void> {
  const { juliet, romeo } = stage;
  const daemon = startInband(stage, juliet, 'receives files', ['receive', '--dir', 'inbox']);
  await daemon.line(/^online as /, 'stderr');

  const bytes = randomBytes(FILE_BYTES);
  await writeFile(join(romeo.home, 'balcony.bin'), bytes);
  await run(stage, romeo, 'sends 8 MB of random bytes', ['send', 'balcony.bin', juliet.jid]);
  await daemon.line(/^received /, 'stderr');
  const [received] = await daemon.line(/^\/.*/);
  compare('sent', bytes, 'received', await readFile(received));

  await writeFile(join(juliet.home, 'rose.txt'), ROSE);
  const what = 'publishes a text as a blob, which her "inband receive" gives out';
  const cid = await run(stage, juliet, what, ['publish', 'rose.txt']);
  const fetch = ['fetch', cid, '--from', juliet.jid];
  const fetched = await run(stage, romeo, 'fetches it by its cid', fetch);
  compare('published', Buffer.from(ROSE), 'fetched', await readFile(fetched));
}

/** Starts the program for a person, and shows the command and all that it prints. */
function startInband(stage: Stage, person: Person, what: string, args: string[]): Running {
  stage.signal.throwIfAborted();
  const { name, home, env } = person;
  say(`\n${name} ${what}:`);
  say(`  ${['inband', ...args].map(quote).join(' ')}`);
  const running = runInband(args, { home, env, cwd: home });
  stage.processes.push(running);
  for (const input of [running.child.stdout, running.child.stderr]) {
    if (input) createInterface({ input }).on('line', (line) => say(`${name.padEnd(6)} | ${line}`));
  }
  return running;
}

/** Runs a command to its end and returns its result, the first line of its standard output. */
async function run(stage: Stage, person: Person, what: string, args: string[]): Promise<string> {
  const running = startInband(stage, person, what, args);
  const { code, signal } = await running.exited;
  if (code !== 0) {
    throw new DemoFailed(
      `${person.name}'s "inband ${args[0]}" ended with ${code ?? signal}, not 0`,
    );
  }
  return running.stdout().split('\n', 1)[0] as string;
}

function compare(before: string, sent: Uint8Array, after: string, received: Uint8Array): void {
  const width = Math.max(before.length, after.length);
  say(`  SHA-256 ${before.padEnd(width)}  ${sha256(sent)}`);
  say(`  SHA-256 ${after.padEnd(width)}  ${sha256(received)}`);
  if (sha256(sent) !== sha256(received)) throw new DemoFailed(`${before} and ${after} differ`);
  say('  equal');
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Waits for Ctrl-C, which is the right end here. */
async function keepRunning(stage: Stage): Promise<void> {
  say('\nThese commands have all ended; the server goes on.');
  introduce(stage);
  say(
    'Then, as juliet, "inband receive --dir inbox", and as romeo "inband send <a file> juliet@localhost".',
  );
  say('Ctrl-C here stops the server and removes its files.');
  if (!stage.signal.aborted) await once(stage.signal, 'abort');
  process.exitCode = 0;
}

async function onPrivateServer(use: (server: Prosody) => Promise<void>): Promise<void> {
  const server = await startProsody();
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

async function inNewFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-demo-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Aborted, and the exit code set, when the user has had enough. */
function userInterrupt(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (exitCode: number) => {
    process.exitCode = exitCode;
    controller.abort();
  };
  for (const [name, code] of Object.entries(SIGNALS)) process.on(name, () => interrupt(code));
  process.stdout.on('error', () => interrupt(1)); // nobody reads on, as in `npm run demo | head`
  return controller.signal;
}

/** Quotes a word for the shell where it needs that. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function say(text: string): void {
  console.log(text);
}

const interrupted = userInterrupt();
await main(process.argv.slice(2), interrupted).catch((error: Error) => {
  if (interrupted.aborted) return; // whatever failed then, failed for that
  console.error(`demo: ${error instanceof DemoFailed ? error.message : error.stack}`);
  process.exitCode = 1;
});
