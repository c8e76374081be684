import { expect, test } from '@jest/globals';
import { nextTry, timeInWords } from '../../../src/transfer/attempts/time-in-words.js';

test.each([
  [0, '0 s'],
  [1, '0.001 s'],
  [250, '0.3 s'],
  [1_500, '1.5 s'],
  [15_000, '15 s'],
  [60_000, '1 min'],
  [90_000, '90 s'],
  [5_400_000, '90 min'],
  [10_800_000, '3 h'],
  [172_800_000, '2 d'],
])('%d ms are %s', (ms, words) => {
  expect(timeInWords(ms)).toBe(words);
});

test('a pause is told in whole seconds, and none not at all', () => {
  expect(nextTry(0)).toBe('trying again');
  expect(nextTry(3_210)).toBe('next try in 4 s');
});
