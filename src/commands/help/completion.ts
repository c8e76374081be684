import { Argument, type Command } from 'commander';
import type { Context } from '../context.js';
import { addExamples } from './examples.js';

/** The script asks `inband complete` at every press of Tab, so that it never grows old. */
export function addCompletionCommand(program: Command, context: Context): void {
  const completion = program
    .command('completion')
    .summary('print a script for Tab in a shell')
    .description('Prints a script that lets the shell complete the commands of inband.')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { SCRIPTS } = await import('./completion-scripts.js');
      context.stdout.write(SCRIPTS[shell]);
    });
  addExamples(completion, [
    'source <(inband completion bash)   # in ~/.bashrc',
    'source <(inband completion zsh)    # in ~/.zshrc, after compinit',
    'inband completion fish > ~/.config/fish/completions/inband.fish',
  ]);
}
