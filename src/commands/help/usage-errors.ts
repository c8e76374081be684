import { existsSync } from 'node:fs';
import type { Command, CommanderError } from 'commander';
import { shellWord } from '../../shell.js';
import { UsageError } from '../context.js';
import { fullName } from './full-name.js';

/** What an error of the library means, by its code. */
type Reading = (message: string, command: Command) => UsageError;

const READINGS: Readonly<Record<string, Reading>> = {
  'commander.unknownOption': (message, command) => {
    const [, word = ''] = /'(.*)'/s.exec(message) ?? [];
    const isFile = isNamedSo(word, command);
    const flag = isFile ? word : flagOf(word);
    return new UsageError(
      `"${fullName(command)}" knows no flag ${flag}`,
      ...nearIn(message),
      ...afterCommand(flag, command),
      ...(isFile ? [`a file of that name is given as ${shellWord(`./${word}`)}`] : []),
      showsFlags(command),
    );
  },
  'commander.unknownCommand': (message, command) =>
    new UsageError(
      `"${fullName(command)}" knows no command "${quotedIn(message)}"`,
      ...nearIn(message),
      showsFlags(command),
    ),
  'commander.missingArgument': (message, command) =>
    new UsageError(`<${quotedIn(message)}> is missing`, usageOf(command)),
  'commander.optionMissingArgument': (message) =>
    new UsageError(`${flagIn(message)} needs a value: ${quotedIn(message)}`),
  'commander.invalidArgument': notTaken,
  'commander.excessArguments': (_, command) => tooMany(command),
  'commander.conflictingOption': (message) => {
    const [one, other] = message.match(/--[a-z-]+/g) ?? [];
    return new UsageError(`${one} and ${other} exclude each other`, 'give one of them');
  },
};

/**
 * What the library found wrong with the command line of a command, in plain words, with what would be right below.
 * Nothing where it has shown what was asked for.
 */
export const asUsageError = (
  { code, message }: CommanderError,
  command: Command,
): UsageError | undefined => READINGS[code]?.(message, command);

/** Without what stands behind it, with or without a sign between: that may be a secret, as in `-psecret`. */
const flagOf = (word: string): string =>
  /^--[\p{L}\p{N}_-]+/u.exec(word)?.[0] ?? [...word].slice(0, 2).join('');

const quotedIn = (message: string): string => /'([^']*)'/.exec(message)?.[1] ?? '';

const flagIn = (message: string): string => /--[a-z-]+/.exec(message)?.[0] ?? quotedIn(message);

function nearIn(message: string): string[] {
  const [, near] = /\n\(Did you mean ([^\n]*)\?\)$/.exec(message) ?? [];
  return near === undefined ? [] : [`did you mean ${near}?`];
}

/** Reads `option '--via <way>' argument 'ftp' is invalid. Allowed choices are …`, and the like for an operand. */
function notTaken(message: string): UsageError {
  const [, first = '', second = ''] = /'([^']*)'.*?'([^']*)'/.exec(message) ?? [];
  const [, takes = ''] = /(?:Allowed choices are|It is) (.*)\.$/.exec(message) ?? [];
  return message.includes("for argument '")
    ? new UsageError(`<${second}> is one of ${takes}; not ${first}`)
    : new UsageError(`${flagIn(message)} takes ${takes}; not ${second || '""'}`);
}

const HINTS = new WeakMap<Command, string>();

/** Says how a command is given what people put behind its operands. */
export const explainExcess = (command: Command, hint: string): void => {
  HINTS.set(command, hint);
};

const excessHintOf = (command: Command): string =>
  [HINTS.get(command), usageOf(command)].filter(Boolean).join(': ');

function tooMany(command: Command): UsageError {
  const count = command.registeredArguments.length;
  const [more = ''] = command.args.slice(count);
  const name = fullName(command);
  if (count > 0) return new UsageError(`"${name}" takes no "${more}"`, excessHintOf(command));
  const takesFolder = command.options.some(({ long }) => long === '--dir');
  const parent = command.parent?.parent ? command.parent : undefined;
  const hint = takesFolder
    ? `the folder is given with --dir: ${name} --dir ${shellWord(more)}`
    : showsFlags(parent ?? command);
  return new UsageError(`"${name}" takes flags alone, and no "${more}"`, hint);
}

/** Before the name of a command there are only two flags. */
function afterCommand(flag: string, program: Command): string[] {
  if (program.parent) return [];
  const isKnown = program.commands.some(({ options }) =>
    options.some(({ short, long }) => flag === short || flag === long),
  );
  return isKnown ? [`it stands behind the command: inband <command> ${flag}`] : [];
}

/** The name of a file may begin like a flag; what is no name of one may be a secret, whatever it looks like. */
const isNamedSo = (word: string, { registeredArguments }: Command): boolean =>
  registeredArguments.some((argument) => argument.name() === 'file') && existsSync(word);

const usageOf = (command: Command): string =>
  `${fullName(command)} ${command.usage()}`.replace('[options] ', '');

const showsFlags = (command: Command): string =>
  `"${fullName(command).replace(/^inband/, 'inband help')}" shows ${command.commands.length > 0 ? 'the commands' : 'its flags'}`;
