// Twenty accounts send a thousand requests each to `inband receive`, while a file arrives: tsx test/soak/flood.ts [each]
// (1000) [beside]. With "beside" the file goes by a proxy beside the XMPP stream. Ends with 1 when the file does not arrive, or the daemon has taken more than 150 MB.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { flood, peakMemory } from '../e2e/hostile/flood.js';
import { hashOfFile, sha256 } from '../support/files.js';
import { accountOf, runInband } from '../support/programs/inband.js';
import type { Running } from '../support/programs/process.js';
import { startProsody } from '../support/servers/prosody.js';

const ACCOUNTS = 20;
/** Of each of their resources: what the server can pass on in some seconds. */
const WINDOW = 5;
/** Bytes: what is sent before the flood. */
const HALF = 1_000_000;
const MAX_MEMORY = 150_000_000;
const BOB = 'bob@localhost';

const each = Number(process.argv[2] ?? 1000);
const isBeside = process.argv[3] === 'beside';
const server = await startProsody({ proxy: isBeside });
const accounts = Array.from({ length: ACCOUNTS }, (_, index) => `mallory${index}`);
for (const name of accounts) await server.addAccount(name);
const home = await mkdtemp(join(tmpdir(), 'inband-soak-'));
const run = (name: string, args: string[]) =>
  runInband(args, { home, stdin: undefined, env: accountOf(server, name) });

const bob = run('bob', ['receive', '--verbose', '--dir', home, '--allow', 'anyone']);
await bob.line(/^online as /, 'stderr');
const bytes = randomBytes(2 * HALF);
const alice = isBeside ? await sendBeside() : await sendHalf();
await bob.line(/^receiving .* from alice@/, 'stderr');

const answers = await flood(server, accounts, each, `${BOB}/inband`, { window: WINDOW });
(alice.child.stdin as Writable).end(bytes.subarray(HALF));
const { code } = await alice.exited;
const [, path = ''] = await bob.line(/^(.*)$/);
const memory = await peakMemory(bob.child.pid as number);
process.stdout.write(`${JSON.stringify(answers)}, ${Math.round(memory / 1e6)} MB\n`);
if (code !== 0 || (await hashOfFile(path)) !== sha256(bytes)) {
  throw new Error(`the file did not arrive: ${alice.stderr()}${bob.stderr()}`);
}
if (isBeside && !alice.stderr().includes('by proxy.localhost')) {
  throw new Error(`it did not go beside the stream: ${alice.stderr()}`);
}
if (memory > MAX_MEMORY) throw new Error('the daemon has grown too much');
await bob.stop();
await server.stop();
await rm(home, { recursive: true });

async function sendHalf(): Promise<Running> {
  const alice = run('alice', ['send', '-', BOB]);
  const input = alice.child.stdin as Writable;
  if (!input.write(bytes.subarray(0, HALF))) await once(input, 'drain');
  return alice;
}

/** What has no size goes in-band. */
async function sendBeside(): Promise<Running> {
  const film = join(home, 'film.mkv');
  await writeFile(film, bytes);
  return run('alice', ['send', '--limit-rate', '100k', film, BOB]);
}
