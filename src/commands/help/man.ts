import type { Command } from 'commander';
import type { Context } from '../context.js';

/** For the build, and for those who have the executable alone: it is a file of the package. */
export function addManCommand(program: Command, context: Context): void {
  program
    .command('man')
    .summary('print the manual page')
    .description('Prints the manual page of inband.')
    .action(async () => {
      const { manPage } = await import('./man-page.js');
      context.stdout.write(manPage(program, context.now()));
    });
}
