import type { Command } from 'commander';
import type { Context } from '../context.js';
import { addExamples } from '../help/examples.js';
import { addOutputOptions } from '../options.js';
import type { ReceivedFlags } from './list-received.js';

export function addReceivedCommand(program: Command, context: Context): void {
  const command = program
    .command('received')
    .summary('list the files that arrived')
    .description(
      'Prints time, sender, size, what became of --exec, and path of each file that arrived, with tabs.',
    )
    .option('--dir <path>', 'where they arrived', '.')
    .option(
      '--exec-again',
      'run --exec once more where it failed: by the receive that has the folder, or else here',
    )
    .option('--exec <program>', 'what to run where nobody receives into the folder')
    .option('--health', 'ends with 0 where somebody receives into the folder, without a login');
  addOutputOptions(command).action(async (flags: ReceivedFlags) => {
    const { listReceived } = await import('./list-received.js');
    await listReceived(flags, context);
  });
  addExamples(command, [
    'inband received --dir ~/Downloads',
    'inband received --json',
    'inband received --dir ~/Downloads --exec-again',
    'inband received --dir ~/Downloads --health',
  ]);
}
