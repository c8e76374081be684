import { Argument, type Command } from 'commander';
import type { Context } from '../context.js';
import { addExamples } from './examples.js';

/** Each asks `inband complete` at every press of Tab, so that it never grows old. */
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
  program
    .command('complete', { hidden: true })
    .description('Prints what may come as the last word, each with its description after a tab.')
    .argument('[words...]')
    .action((words: string[]) => printCompletions(program, words, context));
}

/** `:files` on a line of its own lets the shell add files. */
async function printCompletions(program: Command, words: string[], context: Context) {
  const { complete } = await import('./complete.js');
  const accounts = async () => {
    const { readSettings } = await import('../settings/settings.js');
    return [...(await readSettings(program, context.settingsPath)).accounts.keys()];
  };
  const { candidates, files } = await complete(program, words, { accounts });
  const lines = candidates.map(({ word, description }) =>
    description ? `${word}\t${description}` : word,
  );
  for (const line of files ? [...lines, ':files'] : lines) context.stdout.write(`${line}\n`);
}
