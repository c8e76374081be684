import { type Argument, Command, type Option } from 'commander';
import { addAccountOptions } from '../account/account-options.js';
import { exitCodeRows } from '../exit-codes.js';
import { addOutputOptions } from '../options.js';
import { examplesOf } from './examples.js';
import { fullName } from './full-name.js';
import { ENVIRONMENT, FILES, SETTINGS, SETTINGS_EXAMPLE, SUMMARY } from './man-text.js';

/** The manual page, in the man(7) macros that groff and mandoc both know. */
export function manPage(program: Command, date: Date): string {
  const [day] = date.toISOString().split('T');
  const commands = leavesOf(program);
  const account = addAccountOptions(new Command()).options;
  const output = addOutputOptions(new Command()).options;
  const shared = new Set([...account, ...output].map(({ flags }) => flags));
  const sections: Record<string, string[]> = {
    NAME: [`inband \\- ${text(SUMMARY)}`],
    SYNOPSIS: commands.flatMap((command) => ['.PP', ...synopsis(command)]).slice(1),
    DESCRIPTION: [text(program.description())],
    COMMANDS: commands.flatMap((command) => describe(command, shared)),
    'ACCOUNT OPTIONS': account.flatMap(describeOption),
    'OUTPUT OPTIONS': output.flatMap(describeOption),
    SETTINGS: [text(SETTINGS), '.PP', ...verbatim(SETTINGS_EXAMPLE.split('\n'))],
    'EXIT STATUS': entries(exitStatus()),
    ENVIRONMENT: entries([...variablesOf(account), ...ENVIRONMENT]),
    FILES: entries(FILES),
    EXAMPLES: verbatim(commands.flatMap(examplesOf)),
  };
  const body = Object.entries(sections).flatMap(([title, lines]) => [`.SH ${title}`, ...lines]);
  // What it runs on follows, and is another one where the page is read.
  const [ownVersion] = program.version()?.split(' ') ?? [];
  const head = `.TH INBAND 1 ${day} "inband ${ownVersion}" "User Commands"`;
  return `${[head, ...body].join('\n')}\n`;
}

/** Sentences, as in the rest of the page; without the marks of a README. */
const exitStatus = () =>
  exitCodeRows().map(([codes, meaning]): [string, string] => [
    codes,
    `${meaning.slice(0, 1).toUpperCase()}${meaning.slice(1).replaceAll('`', '')}.`,
  ]);

/** The commands that do something, those inside others included. */
function leavesOf(command: Command): Command[] {
  const inner = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');
  return inner.length === 0 ? [command] : inner.flatMap(leavesOf);
}

const synopsis = (command: Command) => [`.B ${text(fullName(command))}`, text(command.usage())];

function describe(command: Command, shared: Set<string>): string[] {
  const options = command.options.filter(({ flags, hidden }) => !hidden && !shared.has(flags));
  return [
    `.SS ${text(`${fullName(command)} ${command.usage()}`)}`,
    text(command.description()),
    ...command.registeredArguments.flatMap(describeArgument),
    ...options.flatMap(describeOption),
  ];
}

function describeArgument(argument: Argument): string[] {
  const { description, argChoices, variadic } = argument;
  const what = description || (argChoices && `one of ${argChoices.join(', ')}`);
  return what ? entry(`<${argument.name()}${variadic ? '...' : ''}>`, what) : [];
}

function describeOption(option: Option): string[] {
  const { flags, description, argChoices, defaultValue, defaultValueDescription } = option;
  const told = description.includes('default');
  const fallback = told ? undefined : (defaultValueDescription ?? defaultValue);
  const more = [
    ...(argChoices ? [`choices: ${argChoices.join(', ')}`] : []),
    ...(fallback === undefined || !option.required ? [] : [`default: ${fallback}`]),
    ...(option.envVar ? [`environment: ${option.envVar}`] : []),
  ];
  return entry(flags, more.length > 0 ? `${description} (${more.join('; ')})` : description);
}

const variablesOf = (options: readonly Option[]): [string, string][] =>
  options.flatMap(({ envVar, long }) => (envVar ? [[envVar, `Like ${long}.`]] : []));

const entries = (pairs: [string, string][]) => pairs.flatMap(([term, what]) => entry(term, what));
const entry = (term: string, what: string) => ['.TP', `.B ${text(term)}`, text(what)];
const verbatim = (lines: string[]) => ['.EX', ...lines.map(text), '.EE'];

/** A line that troff shows as it is: no escapes, no requests, hyphens that can be copied, ASCII alone. */
function text(line: string): string {
  return line
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^(?=[.'])/, '\\&')
    .replace(/[^\n -~]/gu, (character) => `\\[u${hex(character)}]`);
}

const hex = (character: string) =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
