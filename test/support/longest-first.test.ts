import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import LongestFirst, { LONGEST } from './longest-first.js';

const at = (name: string) => fileURLToPath(new URL(`../${name}.test.ts`, import.meta.url));

type Tests = Parameters<LongestFirst['sort']>[0];

test('what takes longest is started first, and all of that is there', async () => {
  expect(LONGEST.filter((name) => !existsSync(at(name)))).toEqual([]);
  const context = { config: { cache: false }, hasteFS: { getSize: () => 1 } };
  const names = ['ui/json', 'fuzz/fuzz', 'e2e/limits/many-files', 'ui/plain'];
  const tests = names.map((name) => ({ path: at(name), context })) as unknown as Tests;
  const sorted = await new LongestFirst({} as never).sort(tests);
  expect(sorted.slice(0, 2).map(({ path }) => path)).toEqual([
    at('e2e/limits/many-files'),
    at('fuzz/fuzz'),
  ]);
});
