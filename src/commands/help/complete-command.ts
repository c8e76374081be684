import type { Command } from 'commander';
import type { Context } from '../context.js';

/** What the scripts for Tab ask. */
export function addCompleteCommand(program: Command, context: Context): void {
  program
    .command('complete', { hidden: true })
    .description('Prints what may come as the last word, each with its description after a tab.')
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { printCompletions } = await import('./print-completions.js');
      await printCompletions(program, words, context);
    });
}
