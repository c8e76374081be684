import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const FOLDER = dirname(fileURLToPath(import.meta.url));

/** What the table has of each requirement, by its number. */
const rows = new Map<number, string>();
/** The numbers of its rows, one for each. */
const lines: number[] = [];
for (const line of readFileSync(join(FOLDER, 'REQUIREMENTS.md'), 'utf8').split('\n')) {
  const [, number, row] = /^\| (\d+) +\|(.*)/.exec(line) ?? [];
  if (!number || !row) continue;
  rows.set(Number(number), row);
  lines.push(Number(number));
}

/** The test files, without `.test.ts`, in which titles end with the number of a requirement: (R7), or (R3, R24). */
const named = new Map<number, Set<string>>();
for (const path of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })) {
  const [, name] = /^(.*)\.test\.ts$/.exec(path) ?? [];
  if (!name) continue;
  const source = readFileSync(join(FOLDER, path), 'utf8');
  for (const [numbers] of source.matchAll(/\((R\d+(, )?)+\)(?=['"`])/g)) {
    for (const [number] of numbers.matchAll(/\d+/g)) {
      const names = named.get(Number(number)) ?? new Set();
      named.set(Number(number), names.add(name));
    }
  }
}

/** Nothing of 4 GiB is sent in a test, and no day waited for. */
const WITHOUT_TEST = [46, 60];

/** Those of group H came later, by several hands: their numbers have gaps. */
const COMPLETE = 60;

test('each of the first 60 requirements is in the table, and each has tests that bear its number', () => {
  const numbers = [...rows.keys()];
  const all = Array.from({ length: COMPLETE }, (_, index) => index + 1);
  expect(numbers.filter((number) => number <= COMPLETE)).toEqual(all);
  const tested = numbers.filter((number) => !WITHOUT_TEST.includes(number));
  expect([...named.keys()].sort((a, b) => a - b)).toEqual(tested.sort((a, b) => a - b));
});

test('no number is given twice', () => {
  expect(lines.filter((number, index) => lines.indexOf(number) !== index)).toEqual([]);
});

test('the table names each file that has such a test', () => {
  const unnamed = [...named].flatMap(([number, names]) =>
    [...names]
      .filter((name) => !rows.get(number)?.includes(`\`${name}\``))
      .map((name) => [number, name]),
  );
  expect(unnamed).toEqual([]);
});
