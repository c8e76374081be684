// Twenty accounts send a thousand requests each to `inband receive`, while a file arrives: tsx test/soak/flood.ts [each]
// (1000). Ends with 1 when the file does not arrive, or the daemon has taken more than 150 MB.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { flood, peakMemory } from '../e2e/hostile/flood.js';
import { hashOfFile, sha256 } from '../support/files.js';
import { accountOf, runInband } from '../support/programs/inband.js';
import { startProsody } from '../support/servers/prosody.js';

const ACCOUNTS = 20;
/** Of each of their resources: what the server can pass on in some seconds. */
const WINDOW = 5;
const MAX_MEMORY = 150_000_000;
const BOB = 'bob@localhost';

const each = Number(process.argv[2] ?? 1000);
const server = await startProsody();
const accounts = Array.from({ length: ACCOUNTS }, (_, index) => `mallory${index}`);
for (const name of accounts) await server.addAccount(name);
const home = await mkdtemp(join(tmpdir(), 'inband-soak-'));
const run = (name: string, args: string[]) =>
  runInband(args, { home, stdin: undefined, env: accountOf(server, name) });

const bob = run('bob', ['receive', '--verbose', '--dir', home, '--allow', 'anyone']);
await bob.line(/^online as /, 'stderr');
const bytes = randomBytes(2_000_000);
const alice = run('alice', ['send', '-', BOB]);
const input = alice.child.stdin as Writable;
if (!input.write(bytes.subarray(0, 1_000_000))) await once(input, 'drain');
await bob.line(/^receiving .* from alice@/, 'stderr');

const answers = await flood(server, accounts, each, `${BOB}/inband`, { window: WINDOW });
input.end(bytes.subarray(1_000_000));
const { code } = await alice.exited;
const [, path = ''] = await bob.line(/^(.*)$/);
const memory = await peakMemory(bob.child.pid as number);
process.stdout.write(`${JSON.stringify(answers)}, ${Math.round(memory / 1e6)} MB\n`);
if (code !== 0 || (await hashOfFile(path)) !== sha256(bytes)) {
  throw new Error(`the file did not arrive: ${alice.stderr()}${bob.stderr()}`);
}
if (memory > MAX_MEMORY) throw new Error('the daemon has grown too much');
await bob.stop();
await server.stop();
await rm(home, { recursive: true });
