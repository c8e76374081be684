import { describe, expect, test } from '@jest/globals';
import { Meter } from '../../../src/ui/meter.js';
import { barLine } from '../../../src/ui/terminal/bar-line.js';
import { widthOf } from '../../../src/ui/terminal/width.js';

const WIDE = 200;

interface Look {
  columns?: number;
  size?: number;
  name?: string;
  /** Seconds since the last byte. */
  still?: number;
}

function lineAfter(seconds: number, bytes: number, look: Look = {}): string {
  const { columns = WIDE, size, name = 'photo.jpg', still = 0 } = look;
  const clock = { ms: 0 };
  const meter = new Meter(name, size, () => clock.ms);
  clock.ms = seconds * 1000;
  meter.update(bytes);
  clock.ms += still * 1000;
  return barLine(meter, columns, 'bob@example.org/pc');
}

test('shows percentage, rate, remaining time and name', () => {
  expect(lineAfter(10, 2_500_000, { size: 10_000_000 })).toBe(
    ' 25% [=====---------------]    250 kB/s          30 s  photo.jpg',
  );
});

test('shows the bytes alone when the size is unknown', () => {
  expect(lineAfter(10, 2_500_000)).toBe('2.5 MB    250 kB/s                photo.jpg');
});

test('shows an empty file as complete', () => {
  expect(lineAfter(0, 0, { size: 0 })).toMatch(/^100% \[={20}\]/);
});

test('stays within the bar when a peer sends more than it said', () => {
  expect(lineAfter(1, 300, { size: 100 })).toMatch(/^100% \[={20}\]/);
});

test('escapes the name', () => {
  expect(lineAfter(0, 0, { size: 1, name: 'a\x1b[2Jb' })).toMatch(/a\\u\{1b\}\[2Jb$/);
});

describe('a transfer that stands still (R961)', () => {
  const halfway = (still: number, columns = WIDE) =>
    lineAfter(5, 5_000_000, { size: 10_000_000, still, columns });

  test('says after ten seconds for whom it waits', () => {
    expect(halfway(9)).toMatch(/ {10}14 s {2}photo\.jpg$/);
    expect(halfway(10)).toBe(
      ' 50% [==========----------]    333 kB/s  waiting for bob@example.org/pc  photo.jpg',
    );
  });

  test.each([
    [70, ' 50% [====----]    333 kB/s  waiting for bob@example.org/pc  photo.jpg'],
    [60, ' 50%    333 kB/s  waiting for bob@example.org/pc  photo.jpg'],
    [50, ' 50%  waiting for bob@example.org/pc  photo.jpg'],
    [40, ' 50%  waiting for bob@example.org/pc'],
    [20, ' 50%  photo.jpg'],
  ])('says so in %i columns, too', (columns, line) => {
    expect(halfway(10, columns)).toBe(line);
  });

  test('says so no more when it goes on', () => {
    const clock = { ms: 0 };
    const meter = new Meter('photo.jpg', 100, () => clock.ms);
    clock.ms = 10_000;
    expect(barLine(meter, WIDE, 'bob@example.org')).toContain('waiting for bob');
    meter.update(50);
    expect(barLine(meter, WIDE, 'bob@example.org')).not.toContain('waiting');
  });
});

describe('where the terminal is narrow (R674)', () => {
  test.each([
    [60, ' 25% [====------------]    250 kB/s          30 s  photo.jpg'],
    [50, ' 25% [=-----]    250 kB/s          30 s  photo.jpg'],
    [45, ' 25%    250 kB/s          30 s  photo.jpg'],
    [41, ' 25%    250 kB/s          30 s  photo.jpg'],
    [40, ' 25%          30 s  photo.jpg'],
    [30, ' 25%          30 s  photo.jpg'],
    [20, ' 25%  photo.jpg'],
    [10, ' 25%  pho…'],
    [6, ' 25%'],
    [4, ' 25%'],
  ])('of %i columns: bar, rate, time and name go in this order', (columns, line) => {
    expect(lineAfter(10, 2_500_000, { columns, size: 10_000_000 })).toBe(line);
  });

  test.each(['photo.jpg', '写真と動画.zip', '😀😀😀😀😀😀.png', 'e\u0301'.repeat(40)])(
    'no line is wider than it, whatever the name: %s',
    (name) => {
      for (let columns = 4; columns <= 100; columns += 1) {
        for (const size of [10_000_000, undefined]) {
          const line = lineAfter(10, 2_500_000, { columns, name, ...(size ? { size } : {}) });
          expect(widthOf(line)).toBeLessThanOrEqual(columns);
          if (size && columns >= 4) expect(line).toContain('25%');
        }
      }
    },
  );
});
