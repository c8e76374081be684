import type { Command } from 'commander';
import type { Context } from '../context.js';
import { addExamples } from './examples.js';

export function addHelpCommand(program: Command, context: Context): void {
  const help = program
    .command('help')
    .summary('show the flags of a command, or a page')
    .description(
      'Shows how a command is used, or one of the pages: "slow" says why a transfer is slow, and what helps; "bug" what to report, and how to take secrets out of it; "settings" has the settings file; "exit-codes" and "events" have what scripts go by.',
    )
    .argument('[word...]', 'a command, or a page')
    .action(async (words: string[]) => {
      const { showHelp } = await import('./show-help.js');
      showHelp(program, words, context);
    });
  addExamples(help, ['inband help send', 'inband help key export', 'inband help slow']);
}
