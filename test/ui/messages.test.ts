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
  /^(index|heap)\.ts$|^commands\/(help\/(man|complet|slow)|settings\/settings-|keys\/(key|trust)\.)/;

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

/** What stands in quotes in the tests, or is a pattern there. */
const tests = filesIn(TESTS, '.ts')
  .filter(([path]) => /(\.test|-suite|endings)\.ts$/.test(path) && !path.startsWith('ui/messages'))
  .map(([path, text]) => {
    const literals = text.match(
      /'(\\.|[^'\\\n])*'|"(\\.|[^"\\\n])*"|`(\\.|[^`\\])*`|\/(\\.|[^/\\\n])+\//g,
    );
    return [
      path.replace(/\.ts$/, ''),
      (literals ?? []).join('\n').replace(/\\(\W)/g, '$1'),
    ] as const;
  });

/** The first test that has at least half of its longest part that is fixed, and as much of it as any has. */
function testOf({ text }: Message): string {
  const parts = text.split(/<[^<>]*>|…/).map((part) => part.trim().split(/\s+/));
  const longest = parts.reduce((a, b) => (b.join('').length > a.join('').length ? b : a));
  for (let count = longest.length; count >= longest.length / 2; count -= 1) {
    for (let at = 0; at + count <= longest.length; at += 1) {
      const words = longest.slice(at, at + count).join(' ');
      const found = words.length > 3 && tests.find(([, literals]) => literals.includes(words));
      if (found) return found[0];
    }
  }
  return '?';
}

function linesOf(messages: readonly Message[]): string[] {
  const seen = new Map<string, string>();
  for (const message of messages) {
    const hints = [...new Set(message.hints)].map((hint) => `\n      ${hint}`);
    seen.set(
      message.text + hints.join(''),
      `${message.text}  ← ${testOf(message)}${hints.join('')}`,
    );
  }
  return [...seen.values()].map((line) => `  ${line}`);
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
  const head = 'All that a person may be told, each with a test that has words of it ("?": none).';
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
