import type { Command } from 'commander';
import type { Context, OutputFlags } from '../context.js';
import { addExamples } from '../help/examples.js';
import { addOutputOptions } from '../options.js';

export function addLogoutCommand(program: Command, context: Context): void {
  const command = program
    .command('logout')
    .summary('forget an account and its password')
    .description(
      'Removes an account from the settings, and its password from where "inband login" has put it. It asks first.',
    )
    .argument('<account>', 'the JID, or the name in the settings file');
  addOutputOptions(command).action(async (account: string, flags: OutputFlags) => {
    const { logOut } = await import('./log-out.js');
    await logOut(account, flags, program, context);
  });
  addExamples(command, ['inband logout juliet@example.org', 'inband logout work']);
}
