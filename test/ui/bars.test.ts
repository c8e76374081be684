import { expect, test } from '@jest/globals';
import { barLine } from '../../src/ui/bars.js';
import { Meter } from '../../src/ui/meter.js';

function lineAfter(seconds: number, bytes: number, size?: number, name = 'photo.jpg'): string {
  const clock = { ms: 0 };
  const meter = new Meter(name, size, () => clock.ms);
  clock.ms = seconds * 1000;
  meter.update(bytes);
  return barLine(meter);
}

test('shows percentage, rate, remaining time and name', () => {
  expect(lineAfter(10, 2_500_000, 10_000_000)).toBe(
    ' 25% [=====---------------]    250 kB/s          30 s  photo.jpg',
  );
});

test('shows the bytes alone when the size is unknown', () => {
  expect(lineAfter(10, 2_500_000)).toBe('2.5 MB    250 kB/s                photo.jpg');
});

test('shows an empty file as complete', () => {
  expect(lineAfter(0, 0, 0)).toMatch(/^100% \[={20}\]/);
});

test('stays within the bar when a peer sends more than it said', () => {
  expect(lineAfter(1, 300, 100)).toMatch(/^100% \[={20}\]/);
});

test('escapes the name', () => {
  expect(lineAfter(0, 0, 1, 'a\x1b[2Jb')).toMatch(/a\\u\{1b\}\[2Jb$/);
});
