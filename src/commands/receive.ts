import { setMaxListeners } from 'node:events';
import type { Command } from 'commander';
import type { Inbox } from '../transfer/receiving/inbox.js';
import type { Reporter } from '../ui/report.js';
import { addAccountOptions, rememberPassword, requireAccount } from './account/account.js';
import type { Context } from './context.js';
import { addExamples } from './help/examples.js';
import { addOutputOptions, integer } from './options.js';
import type { Running } from './receiving.js';
import { allowOption, type ServeFlags, startServing } from './serve.js';

export interface ReceiveFlags extends ServeFlags {
  dir: string;
  once?: boolean;
  exec?: string;
  maxSize?: number;
  maxTotal?: number;
  minFree?: number;
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
    .option('--exec <program>', 'run this for each file, with its path; facts are in INBAND_…')
    .option('--max-size <bytes>', 'the largest file that is taken', integer(0))
    .option('--max-total <bytes>', 'how much there may be in the folder', integer(0))
    .option('--min-free <bytes>', 'how much stays free on the disk', integer(0))
    .option('--max-sessions <n>', 'transfers at a time', integer(1), 16);
  addOutputOptions(addAccountOptions(command)).action((flags: ReceiveFlags) =>
    receive(flags, context),
  );
  addExamples(command, [
    'inband receive --dir ~/Downloads',
    'inband receive --allow own --allow example.net',
    'inband receive --once --json',
  ]);
}

/** Resolves after the first file with `--once`; else it goes on until an error or the signal. */
export async function receive(flags: ReceiveFlags, context: Context): Promise<void> {
  // Before anybody needs it: the program may be replaced while the daemon runs.
  await import('./receiving.js');
  await import('./persevere.js');
  const reporter = await context.reporter(flags);
  requireAccount(flags);
  if (flags.exec !== undefined && process.platform !== 'win32') {
    const { requireProgram } = await import('./exec.js');
    await requireProgram(flags.exec, context.env);
  }
  const { maxSize, maxTotal, minFree } = flags;
  const inbox = await context.openInbox(flags.dir, {
    ...{ maxSize, maxTotal, minFree },
    warn: (text) => reporter.warn(text),
    signal: context.signal,
  });
  const running: Running = new Map();
  // Without the inbox nothing can arrive: that ends it as the user's own signal does.
  const signal = AbortSignal.any([context.signal, inbox.lost]);
  setMaxListeners(0, signal);
  try {
    await receiveInto(inbox, running, flags, { ...context, signal }, reporter);
  } finally {
    await Promise.all(running.keys());
    await inbox.close();
  }
}

async function receiveInto(
  inbox: Inbox,
  running: Running,
  flags: ReceiveFlags,
  context: Context,
  reporter: Reporter,
): Promise<void> {
  const { receiveOn } = await import('./receiving.js');
  const { persevere } = await import('./persevere.js');
  const { Quotas } = await import('../transfer/receiving/quotas.js');
  const registry = await context.createRegistry();
  const quotas = new Quotas(flags.maxSessions);
  const known = await rememberPassword(flags, context);
  const { renew } = known;
  await persevere({ signal: context.signal, reporter, renew }, async (isOnline) => {
    const serving = await startServing(known.flags, known.context, registry, reporter, quotas);
    isOnline();
    await receiveOn(serving, inbox, registry, running, flags, context, reporter);
  });
}
