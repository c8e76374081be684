import type { Command } from 'commander';
import type { Bytestream } from '../protocol/ibb/bytestream.js';
import { NS_PING } from '../protocol/ping.js';
import type { Inbox } from '../transfer/inbox.js';
import type { Reporter } from '../ui/report.js';
import { addAccountOptions, requireAccount } from './account.js';
import type { Context } from './context.js';
import { addOutputOptions, integer } from './options.js';
import { allowOption, announce, type ServeFlags, startServing, untilEnded } from './serve.js';

export interface ReceiveFlags extends ServeFlags {
  dir: string;
  once?: boolean;
  maxSessions: number;
}

export function addReceiveCommand(program: Command, context: Context): void {
  const command = program
    .command('receive')
    .summary('receive files until interrupted')
    .description(
      'Receives files until it is interrupted and prints the path of each. It serves published blobs too.',
    )
    .option('--dir <path>', 'where files go; made if absent', '.')
    .addOption(allowOption())
    .option('--once', 'end after the first file that arrived whole')
    .option('--max-sessions <n>', 'transfers at a time', integer(1), 16);
  addOutputOptions(addAccountOptions(command)).action((flags: ReceiveFlags) =>
    receive(flags, context),
  );
}

/** Resolves after the first file with `--once`; else it goes on until an error or the signal. */
export async function receive(flags: ReceiveFlags, context: Context): Promise<void> {
  const { InBandBytestreams } = await import('../protocol/ibb/in-band-bytestreams.js');
  // Before anybody needs it: the program may be replaced while the daemon runs.
  await import('../transfer/receive-file.js');
  const { NS_IBB } = await import('../protocol/ibb/stanzas.js');
  const reporter = await context.reporter(flags);
  requireAccount(flags);
  const inbox = await context.openInbox(flags.dir);
  const registry = await context.createRegistry();
  const session = await startServing(flags, context, registry, reporter);
  // Whom the session admits may open a bytestream, while there is room.
  const limits = { sessionLimit: flags.maxSessions };
  const bytestreams = new InBandBytestreams(session, limits, registry);
  const running = new Set<Promise<void>>();
  try {
    const arrived = new Promise<void>((resolve) => {
      bytestreams.onBytestream = (stream) => {
        const one = receiveOne(stream, inbox, context, reporter)
          .then((whole) => whole && flags.once && resolve())
          .then(() => void running.delete(one));
        running.add(one);
      };
    });
    await announce(session, reporter, [NS_IBB, NS_PING]);
    await untilEnded(session, context.signal, arrived);
  } finally {
    bytestreams.close(context.signal.aborted ? context.signal.reason : undefined);
    await Promise.all(running);
    await session.close();
  }
}

/** Returns whether the file arrived whole; a transfer that fails does not end the others. */
async function receiveOne(
  stream: Bytestream,
  inbox: Inbox,
  { now, exitCodeOf }: Context,
  { report }: Reporter,
): Promise<boolean> {
  const { nameForUnnamed, receiveFile } = await import('../transfer/receive-file.js');
  const facts = { peer: stream.peer, name: nameForUnnamed(stream.peer, now()) };
  report({ event: 'start', ...facts, incoming: true });
  try {
    const file = await receiveFile(stream, inbox, facts.name, (bytes) =>
      report({ event: 'progress', ...facts, bytes }),
    );
    report({ event: 'done', ...facts, ...file });
    return true;
  } catch (error) {
    const message = `a file from ${stream.peer} did not arrive: ${(error as Error).message}`;
    report({ event: 'failed', error: message, exitCode: exitCodeOf(error as Error), ...facts });
    return false;
  }
}
