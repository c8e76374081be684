import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashOfFile, writeRandom } from '../../support/files.js';
import { accountOf, runInband } from '../../support/programs/inband.js';
import type { Running } from '../../support/programs/process.js';
import type { Prosody } from '../../support/servers/prosody.js';

const RECIPIENT = 'bob@localhost';

/** The files of a command, in bytes: one takes seconds, as its blocks go one at a time; the others go side by side. */
const SIZES = [...Array<number>(8).fill(3_000), 3_000_000, ...Array<number>(7).fill(3_000)];

/** How they are sent, so that the large one takes its time. */
const IN_BAND = ['--window', '1'];
export const BESIDE_STREAM = ['--limit-rate', '1M'];

/** So many of them are sent as files, the others with the folder that they are in. */
const FLAT = 11;

/** A command that is not done by then hangs. */
const COMMAND_TIMEOUT_MS = 180_000;

export interface Tally {
  files: number;
  sender: number;
  receiver: number;
  server: number;
  /** How often the program of `--exec` was run for a file for which it may have been run before. */
  repeats: number;
}

type Victim = 'sender' | 'receiver' | 'server';
const VICTIMS: readonly Victim[] = ['sender', 'receiver', 'server'];

/** What the receiver has, and does for each file. */
interface House {
  server: Prosody;
  folder: string;
  inbox: string;
  /** Notes each of its runs in the file `runs`. */
  program: string;
}

/**
 * Sends files from `alice` to `bob`, and kills the sender, the receiver or the server at random moments, until so many
 * were killed; whoever is killed is started again with the same command. Rejects when a file does not arrive, or twice,
 * when the inbox has anything that was not sent, when its records are not those of its files, and when the program of
 * `--exec` was not run for one of them, or for a second time without saying so.
 */
export async function killAtRandom(
  server: Prosody,
  folder: string,
  kills: number,
  flags = IN_BAND,
  random = Math.random,
): Promise<Tally> {
  const house = await houseIn(server, folder);
  const tally: Tally = { files: 0, sender: 0, receiver: 0, server: 0, repeats: 0 };
  const hashes = new Map<string, string>();
  let receiver = await receive(house);
  const killed = () => tally.sender + tally.receiver + tally.server;
  while (killed() < kills) {
    const tree = `tree ${tally.files}`;
    await mkdir(join(folder, tree, 'deep'), { recursive: true });
    // The last ones are in a folder.
    const above = (index: number) => (index < FLAT ? '' : index % 2 ? tree : join(tree, 'deep'));
    const paths = SIZES.map((_, index) => join(above(index), `file ${tally.files + index}`));
    for (const [index, path] of paths.entries()) {
      hashes.set(path, await writeRandom(join(folder, path), SIZES[index] as number));
    }
    const sources = [...paths.slice(0, FLAT), tree].map((path) => join(folder, path));
    const args = ['send', ...flags, ...sources, RECIPIENT];
    const send = () => run(house, 'alice', args);
    let sender = send();
    /** Since then nobody may have been there when a sender was started, which ends it at once. */
    let somebodyDied = false;
    const late = Date.now() + COMMAND_TIMEOUT_MS;
    for (;;) {
      const isOver = await endsWithin(sender, random() * 1500);
      const code = isOver ? (await sender.exited).code : undefined;
      if (code === 0) break;
      if (Date.now() > late || (isOver && !somebodyDied)) {
        throw new Error(`the files do not arrive: ${told(sender)}\n${told(receiver)}`);
      }
      const victim = isOver ? 'sender' : VICTIMS[Math.floor(random() * VICTIMS.length)];
      if (!isOver && killed() >= kills) continue;
      if (!isOver) tally[victim as Victim] += 1;
      if (victim === 'server') await server.restart('SIGKILL');
      if (victim === 'receiver') {
        await receiver.stop('SIGKILL');
        receiver = await receive(house);
      }
      if (victim === 'sender') {
        await sender.stop('SIGKILL');
        sender = send();
      }
      somebodyDied ||= victim !== 'sender';
    }
    tally.files += paths.length;
    await inspectFiles(house, hashes);
  }
  await receiver.stop();
  return { ...tally, repeats: await inspectRuns(house, hashes) };
}

async function houseIn(server: Prosody, folder: string): Promise<House> {
  const [inbox, program] = [join(folder, 'inbox'), join(folder, 'program')];
  const text = `#!/bin/sh\necho "$INBAND_SHA256 \${INBAND_AGAIN:-first}" >> '${runsIn(folder)}'\n`;
  await writeFile(program, text, { mode: 0o755 });
  return { server, folder, inbox, program };
}

const runsIn = (folder: string) => join(folder, 'runs');

async function receive(house: House): Promise<Running> {
  const args = ['receive', '--dir', house.inbox, '--exec', house.program];
  const receiver = run(house, 'bob', args);
  await receiver.line(/^online as /, 'stderr');
  return receiver;
}

function run({ server, folder }: House, name: string, args: string[]): Running {
  return runInband(args, { home: join(folder, name), env: accountOf(server, name) });
}

const told = (running: Running) => `${running.stdout()}\n${running.stderr()}`;

async function endsWithin({ exited }: Running, ms: number): Promise<boolean> {
  return Promise.race([exited.then(() => true), sleep(ms, false)]);
}

/** The files that were sent are there, once, where they belong, and each has its record; `hashes` by their paths. */
async function inspectFiles(house: House, hashes: ReadonlyMap<string, string>): Promise<void> {
  const below = await readdir(house.inbox, { recursive: true, withFileTypes: true });
  const paths = below
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(house.inbox, join(parentPath, name)))
    .filter((path) => !path.startsWith('.inband'));
  const there = new Map<string, string>();
  for (const path of paths) there.set(path, await hashOfFile(join(house.inbox, path)));
  mustBeSame('the files that are there', there, hashes);
  const records = await recordsOf(house);
  mustBeSame(
    'the records',
    new Map(records.map(({ path, sha256 }) => [relative(house.inbox, path), sha256])),
    hashes,
  );
  if (records.length !== hashes.size) throw new Error(`${records.length} records: ${hashes.size}`);
}

/** What was to be done for the files was done, after what is left was made up for. Returns how often again. */
async function inspectRuns(house: House, hashes: ReadonlyMap<string, string>): Promise<number> {
  const again = ['received', '--dir', house.inbox, '--exec-again', '--exec', house.program];
  await ended(run(house, 'bob', again));
  const left = (await recordsOf(house)).filter(({ exec }) => exec !== 'done');
  if (left.length > 0) throw new Error(`not done: ${JSON.stringify(left)}`);
  const runs = (await readFile(runsIn(house.folder), 'utf8')).trim().split('\n');
  for (const hash of hashes.values()) {
    const [first = '', ...others] = runs.filter((line) => line.startsWith(hash));
    if (!first) throw new Error(`--exec was not run for ${hash}`);
    const silent = others.filter((line) => !line.endsWith(' 1'));
    if (silent.length > 0) throw new Error(`--exec was run twice for ${hash}`);
  }
  return runs.length - hashes.size;
}

interface Listed {
  path: string;
  sha256: string;
  exec?: string;
}

async function recordsOf(house: House): Promise<Listed[]> {
  const listed = run(house, 'bob', ['received', '--dir', house.inbox, '--json']);
  await ended(listed);
  return listed
    .stdout()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Listed);
}

async function ended(running: Running): Promise<void> {
  if ((await running.exited).code !== 0) throw new Error(told(running));
}

function mustBeSame(
  what: string,
  found: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
): void {
  const lines = (map: ReadonlyMap<string, string>) =>
    new Set([...map].map(([name, hash]) => `${name} ${hash}`));
  const [is, should] = [lines(found), lines(wanted)];
  const missing = [...should].filter((line) => !is.has(line));
  const alien = [...is].filter((line) => !should.has(line));
  if (missing.length + alien.length === 0) return;
  throw new Error(
    `${what}: missing ${missing.join(', ')}; not sent, or twice: ${alien.join(', ')}`,
  );
}
