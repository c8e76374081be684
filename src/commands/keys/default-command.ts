import type { Command } from 'commander';
import { shellOperands } from '../../shell.js';
import { nearestOf } from '../../transfer/people/typed-address.js';
import { UsageError } from '../context.js';
import { fullName } from '../help/full-name.js';

/**
 * Has the default command of another one run where no word is there. A word is most likely the name of a command,
 * misspelt, and would else be taken for an operand. Throws `UsageError` for it.
 */
export function runDefaultAlone(parent: Command): void {
  parent.hook('preSubcommand', ({ args }, chosen) => {
    if (args[0] === chosen.name()) return;
    const [word] = chosen.parseOptions(args).operands;
    if (word !== undefined) throw noCommand(parent, chosen, word);
  });
}

function noCommand(parent: Command, byDefault: Command, word: string): UsageError {
  const names = parent.commands.map((one) => one.name());
  const name = fullName(parent);
  if (names.includes(word)) {
    return new UsageError('the flags come last', `inband ${parent.name()} ${word} …`);
  }
  const near = nearestOf(word, names);
  return new UsageError(
    `"${name}" knows no command "${word}"`,
    ...(near === undefined ? asOperand(byDefault, word) : [`did you mean ${near}?`]),
    `"inband help ${parent.name()}" shows the commands`,
  );
}

const asOperand = (command: Command, word: string): string[] =>
  command.registeredArguments.length > 0
    ? [`of ${word}: ${fullName(command)} ${shellOperands(word)}`]
    : [];
