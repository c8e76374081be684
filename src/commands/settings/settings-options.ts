import { Command, type Option } from 'commander';
import { addAccountOptions } from '../account/account-options.js';

/** The commands that go online, but for the one that shows the settings. */
export function commandsWithSettings(program: Command): Command[] {
  return program.commands.filter((one) => hasAccount(one) && one.name() !== 'config');
}

export const hasAccount = (command: Command): boolean =>
  command.options.some((option) => option.attributeName() === 'account');

export const accountOptions = (): readonly Option[] => addAccountOptions(new Command()).options;

/** The options of the command that its table may have: those of accounts have tables of their own. */
export function ownOptions(command: Command): Option[] {
  const others = new Set(accountOptions().map((option) => option.long));
  return command.options.filter((option) => !others.has(option.long));
}
