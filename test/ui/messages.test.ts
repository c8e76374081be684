// test/ui/messages.txt has all that a person may be told. It is there to be read whole: whoever changes a text sees it
// among the others. `UPDATE=1 npm run jest test/ui/messages` writes it anew.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { EXIT_CODES } from '../../src/commands/exit-codes.js';
import { FAILURES } from '../../src/failures.js';
import { type Message, messagesOf } from '../support/code/messages.js';

const TESTS = fileURLToPath(new URL('..', import.meta.url));
const SRC = join(TESTS, '../src');
const LIST = join(TESTS, 'ui/messages.txt');

/** What is told beside errors, by the word of the event. */
const TITLES: Readonly<Record<string, string>> = {
  warning: 'Warnings: what a person should know, with "warning:" before it',
  skipped: 'Left out, with "warning:" before it',
  notice: 'Notices: what goes on, and is no cause for worry',
  pending: 'While somebody waits',
  hint: 'What can be done, below errors whose text is put together from parts',
  part: 'Lines of progress and results, and parts of all of these',
  note: 'With --verbose',
};

const filesIn = (folder: string, ending: string): [path: string, text: string][] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .sort()
    .map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path), 'utf8')]);

/** Who calls these wrongly is a programmer, and reads it in English that is no part of the program. */
const NOT_TOLD =
  /^(index|heap)\.ts$|^commands\/(help\/(man|complet|pages|events)|settings\/settings-|keys\/(key|trust)\.)/;

function collect(): Message[] {
  const kinds = new Set([...FAILURES.map(([kind]) => kind.name), 'Error']);
  return filesIn(SRC, '.ts')
    .filter(([path]) => !NOT_TOLD.test(path))
    .flatMap(([path, text]) =>
      messagesOf(text, kinds).filter(
        ({ kind }) => kind !== 'Error' || !path.startsWith('protocol'),
      ),
    );
}

const COMMENT = /^\s*(\/\/|\/?\*).*$/gm;
const TITLE = /\b(test|describe)\(\s*('(\\.|[^'\\])*'|`[^`]*`)/g;
const LITERAL = /'(\\.|[^'\\\n])*'|"(\\.|[^"\\\n])*"|`(\\.|[^`\\])*`|\/(\\.|[^/\\\n])+\//g;

/** What stands in quotes in the tests, or is a pattern there, but for comments and titles. */
const expected = filesIn(TESTS, '.ts')
  .filter(([path]) => /(\.test|-suite|endings)\.ts$/.test(path) && !path.startsWith('ui/messages'))
  .flatMap(([, text]) => text.replace(COMMENT, '').replace(TITLE, '').match(LITERAL))
  .join('\n')
  .replace(/\\(\W)/g, '$1');

/** For what is put in. */
const PLACE = /<[^<>]*>/;

/** Whether a test expects the longest part of it that is fixed. */
function isExpected(text: string): boolean {
  let fixed = text;
  while (PLACE.test(fixed)) fixed = fixed.replace(PLACE, '…');
  const parts = fixed.split('…').map((part) => part.trim());
  return expected.includes(parts.reduce((a, b) => (b.length > a.length ? b : a)));
}

function linesOf(messages: readonly Message[]): string[] {
  const seen = new Set<string>();
  for (const message of messages) {
    const hints = [...new Set(message.hints)].map((hint) => `\n      ${hint}`);
    seen.add(message.text + hints.join(''));
  }
  return [...seen].map((line) => `  ${line}`);
}

function list(): string {
  const all = collect();
  const outcomes = Object.entries(EXIT_CODES).flatMap(([outcome, { code, meaning }]) => {
    const kinds = FAILURES.filter(([, one]) => one === outcome);
    const names = new Set(kinds.map(([kind]) => kind.name));
    const own = all.filter(({ kind }) => names.has(kind));
    const general = kinds
      .filter(([, , , ...hints]) => hints.length > 0)
      .map(
        ([kind, , , ...hints]) =>
          `  (${kind.name}, where it says nothing else: ${hints.join(' · ')})`,
      );
    return own.length ? [`\n## ${code}: ${meaning}\n`, ...linesOf(own), ...general] : [];
  });
  const others = Object.entries(TITLES).flatMap(([word, title]) => {
    const own = all.filter(({ kind }) => kind === word);
    return own.length ? [`\n## ${title}\n`, ...linesOf(own)] : [];
  });
  const reasons = all.filter(({ kind }) => kind === 'Error');
  const head = 'All that a person may be told.';
  return [
    head,
    ...outcomes,
    ...others,
    '\n## Reasons, in brackets\n',
    ...linesOf(reasons),
    '',
  ].join('\n');
}

test('every message is in the list that is read whole (R672)', () => {
  const now = list();
  if (process.env.UPDATE) writeFileSync(LIST, now);
  expect(now.split('\n')).toEqual(readFileSync(LIST, 'utf8').split('\n'));
  expect(now.split('\n').length).toBeGreaterThan(300);
});

test('every message, and what can be done, is what some test expects (R962)', () => {
  const all = collect().flatMap(({ text, hints }) => [text, ...hints]);
  expect(all.length).toBeGreaterThan(300);
  expect(all.filter((text) => !isExpected(text))).toEqual([]);
});

test('each kind of message that is found has its place in the list (R672)', () => {
  const kinds = new Set([...FAILURES.map(([kind]) => kind.name), ...Object.keys(TITLES), 'Error']);
  const others = collect().filter(({ kind }) => !kinds.has(kind));
  expect(others).toEqual([]);
});

test('a text is found with its hints, wherever it is put together (R672)', () => {
  const source = `
    throw withHints(new NoRoom(\`no room in \${inbox}: it is full\`), 'take another one');
    throw new UsageError('two of a kind', \`give \${one} only\`);
    report({ event: 'warning', text: 'somebody is at the door' });
    new Option('--x <y>', 'what it is for');
  `;
  expect(messagesOf(source, new Set(['NoRoom', 'UsageError']))).toEqual([
    { kind: 'NoRoom', text: 'no room in <inbox>: it is full', hints: ['take another one'] },
    { kind: 'UsageError', text: 'two of a kind', hints: ['give <one> only'] },
    { kind: 'warning', text: 'somebody is at the door', hints: [] },
  ]);
});
