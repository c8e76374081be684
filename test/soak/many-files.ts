// Many small files, every tenth of them empty, by one `send`: tsx test/soak/many-files.ts [files] (10000). Ends with 1 when
// it does not end with 0, or a file is missing.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peakMemory } from '../e2e/hostile/flood.js';
import { accountOf, runInband } from '../support/programs/inband.js';
import { startProsody } from '../support/servers/prosody.js';

const count = Number(process.argv[2] ?? 10_000);
const server = await startProsody();
await server.addAccount('alice');
await server.subscribe('alice', 'bob');
const home = await mkdtemp(join(tmpdir(), 'inband-soak-'));
const [outbox, inbox] = [join(home, 'outbox'), join(home, 'inbox')];
await mkdir(outbox);
const names = Array.from({ length: count }, (_, index) => `${index}.txt`);
for (const [index, name] of names.entries()) {
  await writeFile(join(outbox, name), index % 10 === 0 ? '' : `file ${index}\n`);
}
const run = (name: string, args: string[]) =>
  runInband(args, { home, cwd: outbox, env: accountOf(server, name) });

const bob = run('bob', ['receive', '--dir', inbox]);
await bob.line(/^online as /, 'stderr');
const began = Date.now();
const alice = run('alice', ['send', ...names, 'bob@localhost']);
const { code } = await alice.exited;
const seconds = Math.round((Date.now() - began) / 1000);
const arrived = (await readdir(inbox)).filter((name) => name.endsWith('.txt')).length;
const waits = alice.stderr().match(/is busy; next try/g)?.length ?? 0;
const memory = Math.round((await peakMemory(bob.child.pid as number)) / 1e6);
process.stdout.write(
  `send ended with ${code}; ${arrived} of ${count} files in ${seconds} s, ${waits} waits told, receive took ${memory} MB\n`,
);
await bob.stop();
await server.stop();
await rm(home, { recursive: true });
if (code !== 0 || arrived !== count) {
  process.stdout.write(alice.stderr().slice(-2_000));
  process.exitCode = 1;
}
