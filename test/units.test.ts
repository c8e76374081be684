import { expect, test } from '@jest/globals';
import { formatBytes, formatDuration, formatRate } from '../src/units.js';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1 kB'],
  [1_234_567, '1.2 MB'],
  [5_000_000, '5 MB'],
  [99_940, '99.9 kB'],
  [123_456_789, '123 MB'],
  [4_294_967_296, '4.3 GB'],
  [5e18, '5000 PB'],
])('shows %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test('takes the next unit when rounding reaches it', () => {
  expect(formatBytes(999.6)).toBe('1 kB');
  expect(formatBytes(999_499)).toBe('999 kB');
  expect(formatBytes(999_950)).toBe('1 MB');
});

test('shows a rate per second', () => {
  expect(formatRate(7_300)).toBe('7.3 kB/s');
  expect(formatRate(0.4)).toBe('0 B/s');
});

test.each([
  [0, '0 s'],
  [12.4, '12 s'],
  [59.6, '1 min 00 s'],
  [184, '3 min 04 s'],
  [3_599, '59 min 59 s'],
  [3_600, '1 h 00 min'],
  [3_779, '1 h 02 min'],
  [93_600, '26 h 00 min'],
])('shows %d seconds as %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
