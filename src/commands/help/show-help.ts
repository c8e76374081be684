import type { Command } from 'commander';
import { nearestOf } from '../../transfer/people/typed-address.js';
import { type Context, UsageError } from '../context.js';
import { exitCodeRows } from '../exit-codes.js';
import { EVENTS } from './events.js';
import { fullName } from './full-name.js';
import { SETTINGS, SETTINGS_EXAMPLE } from './man-text.js';
import { wrapped } from './narrow.js';
import { BUG } from './pages/bug.js';
import { PAGES, type PageName } from './pages/pages.js';
import { SLOW } from './pages/slow.js';

/** Puts a text into lines that fit the terminal, of which all but the first begin with the indent. */
type Wrap = (text: string, indent: string) => string;

const TEXTS: Readonly<Record<PageName, (wrap: Wrap) => string>> = {
  slow: () => plain(SLOW),
  settings: (wrap) => `${wrap(SETTINGS, '')}\n\n${SETTINGS_EXAMPLE}\n`,
  bug: () => plain(BUG),
  'exit-codes': (wrap) =>
    exitCodeRows()
      .map(([codes, meaning]) => [codes.padEnd(BESIDE_CODES.length), plain(meaning)])
      .map(([codes, meaning = '']) => `${codes}${wrap(meaning, BESIDE_CODES)}\n`)
      .join(''),
  events: (wrap) =>
    Object.entries(EVENTS)
      .map(([event, { when, fields }]) => [`${event}: ${when}`, plain(fields)])
      .map(([head = '', fields = '']) => `${wrap(plain(head), '  ')}\n  ${wrap(fields, '  ')}\n`)
      .join(''),
};

const BESIDE_CODES = ' '.repeat(15);

/** Writes the help of the command that the words name, or a page. Throws `UsageError` for words that name none. */
export function showHelp(
  program: Command,
  words: readonly string[],
  { stdout }: Pick<Context, 'stdout'>,
): void {
  const [first = '', ...others] = words;
  refuseSeveral(program, words);
  const page = isPage(first) && others.length === 0 ? TEXTS[first] : undefined;
  const [helper, columns] = [program.createHelp(), program.configureOutput().getOutHelpWidth?.()];
  if (page) stdout.write(page((text, indent) => wrapped(helper, text, columns, indent)));
  else commandOf(program, words).outputHelp();
}

/** What may follow `help`. */
export const helpWords = (program: Command): string[] => [
  ...namesIn(program),
  ...Object.keys(PAGES),
];

const isPage = (word: string): word is PageName => Object.hasOwn(PAGES, word);

/** Throws `UsageError` for words of which each names something by itself, or follows a page. */
function refuseSeveral(program: Command, [first = '', second, ...others]: readonly string[]): void {
  if (second === undefined) return;
  const known = helpWords(program);
  const inner = program.commands.find((one) => one.name() === first)?.commands ?? [];
  const isInner = inner.some((one) => one.name() === second);
  if (isInner || !known.includes(first) || (!known.includes(second) && !isPage(first))) return;
  const each = [first, second, ...others].filter((word) => known.includes(word));
  throw new UsageError(
    '"inband help" shows one command or page at a time',
    ...each.map((word) => `inband help ${word}`),
  );
}

function commandOf(command: Command, words: readonly string[]): Command {
  const [word, ...others] = words;
  if (word === undefined) return command;
  const inner = command.commands.find((one) => one.name() === word);
  if (inner) return commandOf(inner, others);
  const near = nearestOf(word, command.parent ? namesIn(command) : helpWords(command));
  const path = fullName(command).replace(/^inband/, 'inband help');
  const hints = near === undefined ? [] : [`did you mean "${path} ${near}"?`];
  throw new UsageError(`there is no help for "${word}"`, ...hints, `"${path}" shows what there is`);
}

const namesIn = (command: Command): string[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((one) => one.name());

/** Markdown, as it is read on a terminal. */
function plain(markdown: string): string {
  const fences = markdown.split(/^```.*\n/m);
  const shown = fences.map((part, index) =>
    index % 2 === 1
      ? part.replace(/^(?=.)/gm, '    ')
      : part
          .replace(/^#+ (.*)$/gm, '$1')
          .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
          .replaceAll('`', ''),
  );
  return shown.join('');
}
