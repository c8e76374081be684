// A long file behind ejabberd's shaper as shipped: tsx test/soak/shaper.ts [bytes] (1500000, some twelve minutes). Ends
// with 1 when it does not arrive, or less than 0.65 of what the shaper lets through is payload.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOfFile, writeRandom } from '../support/files.js';
import { accountOf, runInband } from '../support/programs/inband.js';
import { SHIPPED_RATE, startEjabberd } from '../support/servers/ejabberd.js';

const LEAST_SHARE = 0.65;
/** Bytes that pass at once before the shaper limits. */
const BURST = 20_000;

const bytes = Number(process.argv[2] ?? 1_500_000);
const server = await startEjabberd({ rateLimit: SHIPPED_RATE });
await server.subscribe('alice', 'bob');
const home = await mkdtemp(join(tmpdir(), 'inband-soak-'));
const inbox = join(home, 'inbox');
await mkdir(inbox);
const file = join(home, 'film');
const hash = await writeRandom(file, bytes);
const run = (name: string, args: string[]) =>
  runInband(args, { home: join(home, name), env: accountOf(server, name) });

const bob = run('bob', ['receive', '--once', '--dir', inbox]);
await bob.line(/^online as /, 'stderr');
const alice = run('alice', ['send', '--verbose', file, 'bob@localhost']);
await alice.line(/^sending /, 'stderr');
const began = Date.now();
const { code } = await alice.exited;
const seconds = (Date.now() - began) / 1000;
await bob.exited;
const arrived = (await hashOfFile(join(inbox, 'film')).catch(() => undefined)) === hash;
const share = (bytes - BURST) / seconds / SHIPPED_RATE;
const [blocks = ''] = /went in blocks of .*/.exec(alice.stderr()) ?? [];
process.stdout.write(
  `send ended with ${code} after ${Math.round(seconds)} s; ${share.toFixed(3)} of ${SHIPPED_RATE} B/s was payload; ${blocks}\n`,
);
await server.stop();
await rm(home, { recursive: true });
if (code !== 0 || !arrived || share < LEAST_SHARE) {
  process.stdout.write(alice.stderr().slice(-2_000));
  process.exitCode = 1;
}
