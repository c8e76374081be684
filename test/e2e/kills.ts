import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashOfFile, writeRandom } from '../support/files.js';
import { accountOf, runInband } from '../support/inband.js';
import type { Running } from '../support/process.js';
import type { Prosody } from '../support/prosody.js';

const RECIPIENT = 'bob@localhost';

/** Several seconds of blocks, one at a time. */
const FILE_BYTES = 6_000_000;

/** A transfer that is not done by then hangs. */
const FILE_TIMEOUT_MS = 120_000;

export interface Tally {
  files: number;
  sender: number;
  receiver: number;
  server: number;
}

type Victim = 'sender' | 'receiver' | 'server';
const VICTIMS: readonly Victim[] = ['sender', 'receiver', 'server'];

/**
 * Sends files from `alice` to `bob`, and kills the sender, the receiver or the server at random moments, until so many
 * were killed; whoever is killed is started again with the same command. Rejects when a file does not arrive, or when
 * there is a name in the inbox whose bytes were never sent.
 */
export async function killAtRandom(
  server: Prosody,
  folder: string,
  kills: number,
  random = Math.random,
): Promise<Tally> {
  const tally: Tally = { files: 0, sender: 0, receiver: 0, server: 0 };
  const inbox = join(folder, 'inbox');
  await mkdir(inbox);
  const sent = new Set<string>();
  const receive = async () => {
    const receiver = run(server, folder, 'bob', ['receive', '--dir', inbox]);
    await receiver.line(/^online as /, 'stderr');
    return receiver;
  };
  let receiver = await receive();
  const killed = () => tally.sender + tally.receiver + tally.server;
  while (killed() < kills) {
    const source = join(folder, `file ${tally.files}`);
    sent.add(await writeRandom(source, FILE_BYTES));
    const send = () => run(server, folder, 'alice', ['send', '--window', '1', source, RECIPIENT]);
    let sender = send();
    /** Since then nobody may have been there when a sender was started, which ends it at once. */
    let somebodyDied = false;
    const late = Date.now() + FILE_TIMEOUT_MS;
    for (;;) {
      const isOver = await endsWithin(sender, random() * 1500);
      const code = isOver ? (await sender.exited).code : undefined;
      if (code === 0) break;
      if (Date.now() > late || (isOver && !somebodyDied)) {
        throw new Error(`the file does not arrive: ${told(sender)}\n${told(receiver)}`);
      }
      const victim = isOver ? 'sender' : VICTIMS[Math.floor(random() * VICTIMS.length)];
      if (!isOver && killed() >= kills) continue;
      if (!isOver) tally[victim as Victim] += 1;
      if (victim === 'server') await server.restart('SIGKILL');
      if (victim === 'receiver') {
        await receiver.stop('SIGKILL');
        receiver = await receive();
      }
      if (victim === 'sender') {
        await sender.stop('SIGKILL');
        sender = send();
      }
      somebodyDied ||= victim !== 'sender';
    }
    tally.files += 1;
    await inspect(inbox, sent, tally.files);
  }
  await receiver.stop();
  return tally;
}

function run(server: Prosody, folder: string, name: string, args: string[]): Running {
  return runInband(args, { home: join(folder, name), env: accountOf(server, name) });
}

const told = (running: Running) => `${running.stdout()}\n${running.stderr()}`;

async function endsWithin({ exited }: Running, ms: number): Promise<boolean> {
  return Promise.race([exited.then(() => true), sleep(ms, false)]);
}

/** A file may be there twice: its sender was killed before it heard that it had arrived. */
async function inspect(inbox: string, sent: ReadonlySet<string>, files: number): Promise<void> {
  const names = (await readdir(inbox)).filter((name) => name !== '.inband');
  const hashes = await Promise.all(names.map((name) => hashOfFile(join(inbox, name))));
  const damaged = names.filter((_, index) => !sent.has(hashes[index] ?? ''));
  if (damaged.length > 0) throw new Error(`never sent: ${damaged.join(', ')}`);
  const arrived = new Set(hashes).size;
  if (arrived !== files) throw new Error(`${arrived} of ${files} files are there`);
}
