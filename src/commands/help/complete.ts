import type { Argument, Command, Option } from 'commander';
import { takesPath } from '../options.js';
import { PeopleOption } from '../people.js';
import { helpWords } from './show-help.js';

/** What may come at the cursor. */
interface Completions {
  candidates: { word: string; description?: string }[];
  /** Files fit as well; the shell knows them best. */
  files: boolean;
}

/** What is asked for where the program itself does not know. */
interface Sources {
  /** Names in the settings file. */
  accounts(): Promise<string[]>;
  /** Names in the settings file, and JIDs of the roster. */
  people(): Promise<string[]>;
  /** The cids of the blobs that are here. */
  cids(): Promise<string[]>;
}

/**
 * What may come as the last of the words that follow the program's name; those before it are whole. Of
 * `--flag=value` the candidates are values alone. What begins otherwise than the last word does is left out.
 */
export async function complete(
  program: Command,
  words: string[],
  sources: Sources,
): Promise<Completions> {
  const last = words.at(-1) ?? '';
  const { command, option, operands } = walk(program, words.slice(0, -1));
  const [, flag, begun] = /^(--[^=]+)=(.*)$/.exec(last) ?? [];
  if (option) return startingWith(last, await valuesOf(option, sources));
  if (flag) {
    const named = findOption(command, flag);
    return startingWith(begun ?? '', named ? await valuesOf(named, sources) : NOTHING);
  }
  if (operands !== 'all' && last.startsWith('-')) return startingWith(last, flagsOf(command));
  if (command.commands.length > 0) return startingWith(last, commandsOf(command));
  return startingWith(last, await operandsOf(command, operands === 'all' ? 0 : operands, sources));
}

const NOTHING: Completions = { candidates: [], files: false };

/** `option`: the one that waits for its value. `operands`: how many there were; `all`: after `--`. */
interface Position {
  command: Command;
  option?: Option | undefined;
  operands: number | 'all';
}

function walk(program: Command, words: string[]): Position {
  let position: Position = { command: program, operands: 0 };
  for (const word of words) position = step(position, word);
  return position;
}

function step({ command, option, operands }: Position, word: string): Position {
  if (option || operands === 'all') return { command, operands };
  if (word === '--') return { command, operands: 'all' };
  if (word.startsWith('-') && word !== '-') {
    const named = findOption(command, word);
    return { command, operands, option: named?.required ? named : undefined };
  }
  const inner = command.commands.find((one) => one.name() === word);
  return inner ? { command: inner, operands: 0 } : { command, operands: operands + 1 };
}

const findOption = (command: Command, flag: string): Option | undefined =>
  command.options.find(({ short, long }) => flag === long || flag === short);

async function valuesOf(option: Option, { accounts, people }: Sources): Promise<Completions> {
  if (takesPath(option)) return { candidates: [], files: true };
  if (option instanceof PeopleOption) return choiceOf([...option.words, ...(await people())]);
  return choiceOf(option.attributeName() === 'account' ? await accounts() : option.argChoices);
}

const programOf = (command: Command): Command => command.parent ?? command;

const choiceOf = (words: readonly string[] = [], files = false): Completions => ({
  candidates: words.map((word) => ({ word })),
  files,
});

function flagsOf(command: Command): Completions {
  const options = command.createHelp().visibleOptions(command);
  const candidates = options.map(({ long, description }) => ({ word: long ?? '', description }));
  return { candidates, files: false };
}

function commandsOf(command: Command): Completions {
  const candidates = command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ word: one.name(), description: one.summary() || one.description() }));
  return { candidates, files: false };
}

async function operandsOf(
  command: Command,
  count: number,
  { accounts, people, cids }: Sources,
): Promise<Completions> {
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument: Argument | undefined =
    registeredArguments[count] ?? (last?.variadic ? last : undefined);
  const name = argument?.name();
  if (name === 'jid') return choiceOf(await people());
  if (name === 'account') return choiceOf(await accounts());
  if (name === 'cid') return choiceOf(await cids());
  if (name === 'word') return choiceOf(count === 0 ? helpWords(programOf(command)) : []);
  // The last of the files may be the recipient.
  const mayBePerson = name === 'file' && count > 0 && command.usage().endsWith('<jid>');
  return choiceOf(mayBePerson ? await people() : argument?.argChoices, name === 'file');
}

function startingWith(begun: string, { candidates, files }: Completions): Completions {
  return { candidates: candidates.filter(({ word }) => word.startsWith(begun)), files };
}
