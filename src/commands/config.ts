import type { Command } from 'commander';
import { addAccountOptions } from './account/account-options.js';
import type { Context } from './context.js';
import { addExamples } from './help/examples.js';
import { addOutputOptions } from './options.js';
import type { ConfigFlags } from './settings/show-config.js';

export function addConfigCommand(program: Command, context: Context): void {
  const command = program
    .command('config')
    .summary('show the settings in force')
    .description(
      'Prints each setting, where it comes from (flag, environment, file or default), and its value.',
    );
  addOutputOptions(addAccountOptions(command)).action(async (flags: ConfigFlags) => {
    const { showConfig } = await import('./settings/show-config.js');
    await showConfig(program, command, flags, context);
  });
  addExamples(command, [
    'inband config',
    'inband config -a work',
    `inband config --json | grep '"source":"file"'`,
  ]);
}
