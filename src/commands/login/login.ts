import type { Command } from 'commander';
import { addServerOptions } from '../account/account-options.js';
import type { Context } from '../context.js';
import { addExamples } from '../help/examples.js';
import { addOutputOptions } from '../options.js';
import type { LoginFlags } from './log-in.js';

export function addLoginCommand(program: Command, context: Context): void {
  const command = program
    .command('login')
    .summary('set up an account')
    .description(
      'Asks for the password of an account, tries it, keeps it where you say, and writes the account into the settings.',
    )
    .argument('<jid>', 'your account, name@example.org');
  addOutputOptions(addServerOptions(command)).action(async (jid: string, flags: LoginFlags) => {
    const { logIn } = await import('./log-in.js');
    await logIn(jid, flags, program, context);
  });
  addExamples(command, [
    'inband login juliet@example.org',
    'inband login juliet@work.example --service xmpps://xmpp.work.example:5223',
  ]);
}
