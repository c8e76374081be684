// A tree of files, one of 100 MB, to an inbox, interrupted at ten places and sent again; and once more, when nothing may
// travel: tsx test/soak/tree.ts [files] (1000) [beside]. With "beside" the server has a proxy, by which all go that
// are large enough, the one of 100 MB slowly enough to be interrupted. Ends with 1 when what has arrived is not equal by hash and path.
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { accountOf, runInband } from '../support/programs/inband.js';
import { startProsody } from '../support/servers/prosody.js';
import { contentArrived, contentSent, makeTree } from '../support/trees.js';

const LARGEST_BYTES = 100_000_000;
const count = Number(process.argv[2] ?? 1_000);
const isBeside = process.argv[3] === 'beside';
const server = await startProsody({ proxy: isBeside });
await server.addAccount('alice');
await server.subscribe('alice', 'bob');
const home = await mkdtemp(join(tmpdir(), 'inband-soak-'));
const [tree, inbox] = [join(home, 'tree'), join(home, 'inbox')];
await makeTree(tree, count, LARGEST_BYTES);
const run = (name: string, args: string[]) =>
  runInband(args, { home, cwd: home, env: accountOf(server, name) });
const paced = isBeside ? ['--limit-rate', '8M'] : [];
const send = () => run('alice', ['send', '--json', ...paced, tree, 'bob@localhost']);

/** Resolves when so many files have arrived in all. */
async function arrivals(files: number): Promise<void> {
  while (bob.stdout().split('\n').length <= files) {
    await once(bob.child.stdout as Readable, 'data');
  }
}

const bob = run('bob', ['receive', '--dir', inbox]);
await bob.line(/^online as /, 'stderr');
const began = Date.now();
for (let place = 1; place <= 10; place += 1) {
  const alice = send();
  await arrivals(Math.floor((place * count) / 11));
  alice.child.kill('SIGINT');
  await alice.exited;
}
const whole = send();
const { code } = await whole.exited;
const seconds = Math.round((Date.now() - began) / 1000);
const isEqual =
  JSON.stringify(await contentArrived(join(inbox, 'tree'))) ===
  JSON.stringify(await contentSent(tree));
const beganAgain = Date.now();
const again = send();
const { code: codeAgain } = await again.exited;
const secondsAgain = Math.round((Date.now() - beganAgain) / 1000);
// Not counted: empty folders, which are told of each time.
const travelled = again.stdout().match(/"event":"start".*"name":"[^"]*[^"/]"/g)?.length ?? 0;
const below = await readdir(join(inbox, 'tree'), { recursive: true, withFileTypes: true });
const arrived = below.filter((entry) => entry.isFile()).length;
process.stdout.write(
  `send ended with ${code}; ${arrived} of ${count} files in ${seconds} s, ${isEqual ? '' : 'not '}equal; again: ${codeAgain}, ${travelled} travelled, ${secondsAgain} s\n`,
);
await bob.stop();
await server.stop();
await rm(home, { recursive: true });
const isGood = code === 0 && codeAgain === 0 && arrived === count && travelled === 0;
if (!isGood || !isEqual) {
  process.stdout.write(whole.stderr().slice(-2_000));
  process.exitCode = 1;
}
