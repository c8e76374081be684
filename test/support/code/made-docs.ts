// The parts of docs/ that are made from the sources of `--help`, of the tables, and of the library.
import { Command, type Option } from 'commander';
import { addAccountOptions } from '../../../src/commands/account/account-options.js';
import type { Context } from '../../../src/commands/context.js';
import { exitCodeRows } from '../../../src/commands/exit-codes.js';
import { EVENTS } from '../../../src/commands/help/events.js';
import { SLOW } from '../../../src/commands/help/pages/slow.js';
import { addOutputOptions } from '../../../src/commands/options.js';
import { createProgram } from '../../../src/commands/program.js';
import { libraryPart } from './library-docs.js';

/** A page with each of its made parts as it is now. Throws for a part that nobody makes. */
export function withMadeParts(page: string): string {
  return page.replace(
    /(<!-- made: (.*?) -->\n).*?(<!-- end -->)/gs,
    (_, start: string, name: string, end: string) => `${start}\n${make(name)}\n${end}`,
  );
}

/** What a formatter of tables may have changed. */
export const unpadded = (page: string): string =>
  page
    .replace(/ +/g, ' ')
    .replace(/-{3,}/g, '---')
    .replace(/\n{2,}/g, '\n\n');

function make(name: string): string {
  const [what, ...words] = name.split(' ');
  if (what === 'flags') return flagsOf(words);
  if (what === 'library') return libraryPart(words);
  const maker = MAKERS[name];
  if (!maker) throw new Error(`nobody makes "${name}"`);
  return maker();
}

const account = addAccountOptions(new Command()).options;
const output = addOutputOptions(new Command()).options;

const MAKERS: Readonly<Record<string, () => string>> = {
  slow: () => SLOW,
  'exit codes': () => table(['', ''], exitCodeRows()),
  events: () =>
    table(
      ['event', 'when', 'fields'],
      Object.entries(EVENTS).map(([event, { when, fields }]) => [code(event), when, fields]),
    ),
  account: () =>
    table(
      ['flag', 'environment', ''],
      account.map((one) => [code(one.flags), one.envVar ? code(one.envVar) : '', textOf(one)]),
    ),
  output: () =>
    table(
      ['flag', ''],
      output.map((one) => [code(one.flags), textOf(one)]),
    ),
};

function flagsOf(words: string[]): string {
  const program = createProgram({ env: {} } as Context, '');
  const command = words.reduce(
    (outer, word) => outer.commands.find((one) => one.name() === word) as Command,
    program,
  );
  const shared = new Set([...account, ...output].map(({ flags }) => flags));
  const own = command.options.filter(({ flags, hidden }) => !hidden && !shared.has(flags));
  return table(
    ['flag', '', 'default'],
    own.map((one) => [code(one.flags), textOf(one), defaultOf(one)]),
  );
}

function textOf({ description, argChoices }: Option): string {
  const text = description.replace(/ ?\(default: .*\)$/, '');
  return argChoices ? `${text} (${argChoices.map(code).join(', ')})` : text;
}

function defaultOf({ defaultValue, defaultValueDescription, required }: Option): string {
  const value = defaultValueDescription ?? defaultValue;
  return value === undefined || !required ? '' : code(String(value));
}

const code = (text: string): string => `\`${text}\``;

const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
