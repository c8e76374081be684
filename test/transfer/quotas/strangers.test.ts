import { expect, test } from '@jest/globals';
import { Strangers } from '../../../src/transfer/quotas/strangers.js';

const HOUR_MS = 3_600_000;

test('a flood of strangers is twenty names and one word of others, and then a name an hour (R1286)', () => {
  const clock = { now: 0 };
  const strangers = new Strangers(() => clock.now);
  const flood = (from: number) =>
    Array.from({ length: 1000 }, (_, index) => strangers.next(`${from + index}@evil.example`))
      .map((told, index) => told && `${from + index} ${told}`)
      .filter((told) => told !== undefined);
  const first = flood(0);
  expect(first).toHaveLength(21);
  expect(first.slice(-2)).toEqual(['19 name', '20 others']);
  clock.now += HOUR_MS;
  expect(flood(1000)).toEqual(['1000 name', '1001 others']);
  expect(strangers.next('1@evil.example')).toBeUndefined();
});
