import { expect, test } from '@jest/globals';
import { backoff } from '../../../src/session/resume/backoff.js';

const delays = (random: number) => Array.from({ length: 9 }, (_, n) => backoff(n, () => random));

test('waits for nothing, then 1 s, twice as long each time, and never more than 60 s (R36)', () => {
  expect(delays(0)).toEqual([0, 1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000));
  expect(backoff(10_000, () => 0)).toBe(60_000);
});

test('leaves out up to a half at random', () => {
  expect(delays(0.5).slice(1, 4)).toEqual([750, 1_500, 3_000]);
  expect(backoff(1, () => 1 - Number.EPSILON)).toBeCloseTo(500);
});
