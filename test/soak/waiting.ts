// Forty `send` at once of one account, then of forty accounts, and 500 `fetch`, four at a time: tsx test/soak/waiting.ts
// [senders] [fetches] (40, 500). Ends with 1 when one of them does not end with 0.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountOf, runInband } from '../support/programs/inband.js';
import { startProsody } from '../support/servers/prosody.js';

const BOB = 'bob@localhost';
const FETCHES_AT_A_TIME = 4;

const [senders = 40, fetches = 500] = process.argv.slice(2).map(Number);
const server = await startProsody();
const accounts = Array.from({ length: senders }, (_, index) => `friar${index}`);
for (const name of accounts) await server.addAccount(name);
const home = await mkdtemp(join(tmpdir(), 'inband-soak-'));
const run = (name: string, args: string[]) =>
  runInband(args, { home, cwd: home, env: accountOf(server, name) });

const note = join(home, 'note.txt');
await writeFile(note, 'hello');
const publishing = run('bob', ['publish', note]);
await publishing.exited;
const cid = publishing.stdout().trim();
const bob = run('bob', ['receive', '--dir', join(home, 'inbox'), '--allow', 'anyone']);
await bob.line(/^online as /, 'stderr');

const failed: string[] = [];
async function ends(name: string, args: string[]): Promise<void> {
  const one = run(name, args);
  const { code } = await one.exited;
  if (code !== 0) failed.push(`${name} ${args[0]} ended with ${code}: ${one.stderr()}`);
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const began = Date.now();
  const before = failed.length;
  await work();
  const seconds = Math.round((Date.now() - began) / 1000);
  process.stdout.write(`${what}: ${failed.length - before} failed, ${seconds} s\n`);
}

const of = (names: string[]) => () =>
  Promise.all(names.map((name) => ends(name, ['send', note, BOB])));
await timed(`${senders} sends of one account`, of(accounts.map(() => 'alice')));
await timed(`${senders} sends of as many accounts`, of(accounts));
let left = fetches;
const fetchAll = async () => {
  for (; left > 0; left -= 1) {
    await ends('alice', ['fetch', '--no-cache', '--from', BOB, '-o', '/dev/null', cid]);
  }
};
await timed(`${fetches} fetches`, () =>
  Promise.all(Array.from({ length: FETCHES_AT_A_TIME }, fetchAll)),
);
await bob.stop();
await server.stop();
await rm(home, { recursive: true });
for (const text of failed) process.stdout.write(`${text}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
