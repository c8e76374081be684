import type { Command } from 'commander';
import { addAccountOptions } from '../account/account-options.js';
import { allowOption } from '../allow-option.js';
import type { Context } from '../context.js';
import { addExamples } from '../help/examples.js';
import { addDirectOption, type IsTyped, isTypedIn, plainOption } from '../lane.js';
import { limitRateOption, sizeOption, timeOption } from '../measures.js';
import { addOutputOptions, integer } from '../options.js';
import { addSealingOptions } from '../sealing.js';
import { addLinksOptions } from './links-options.js';
import type { ReceiveFlags } from './receive-into.js';

/** Seconds. */
const DAY = 86_400;

export function addReceiveCommand(program: Command, context: Context): void {
  const command = program
    .command('receive')
    .summary('receive files until interrupted')
    .description(
      'Receives files, and folders, until it is interrupted and prints the path of each file. It serves published blobs too.',
    )
    .option('--dir <path>', 'where files go; made if absent', '.')
    .addOption(allowOption())
    .option('--once', 'end after the first file that arrived whole')
    .option('--exec <program>', 'run this for each file, with its path; facts are in INBAND_…');
  addLimits(command);
  addLinksOptions(command);
  addDirectOption(
    addSealingOptions(
      command,
      'takes both, but nothing in the clear of those whose key was compared',
    ),
  ).addOption(plainOption('take files of other programs beside the XMPP stream, too'));
  addOutputOptions(addAccountOptions(command)).action((flags: ReceiveFlags, self: Command) =>
    receive(flags, context, isTypedIn(self)),
  );
  addExamples(command, [
    'inband receive --dir ~/Downloads',
    'inband receive --allow own --allow example.net',
    'inband receive --once --json',
  ]);
}

/** The flags for how much is taken, and remembered. */
function addLimits(command: Command): void {
  command
    .addOption(sizeOption('--max-size <size>', 'the largest file that is taken'))
    .addOption(
      sizeOption(
        '--max-total <size>',
        'bytes in the folder, partials too; 4096 at least for each file',
      ),
    )
    .addOption(sizeOption('--min-free <size>', 'how much stays free on the disk'))
    .option('--max-sessions <n>', 'transfers at a time', integer(1), 16)
    .addOption(limitRateOption())
    .option(
      '--keep-records <n>',
      'files of each sender that are remembered; fewer where names are very long',
      integer(0),
      10_000,
    )
    .addOption(
      timeOption('--keep-records-for <time>', 'how long a file is remembered').default(
        90 * DAY,
        '90d',
      ),
    );
}

/** Resolves after the first file with `--once`; else it goes on until an error or the signal. */
async function receive(flags: ReceiveFlags, context: Context, isTyped: IsTyped): Promise<void> {
  const { receiveInto } = await import('./receive-into.js');
  await receiveInto(flags, context, isTyped);
}
