import { describe, expect, test } from '@jest/globals';
import { UnfitValue } from '../../src/commands/context.js';
import { sizeOption, timeOption } from '../../src/commands/measures.js';

const readSize = (text: string) => sizeOption('--max-size <size>', '').parseArg?.(text, undefined);
const readTime = (text: string) => timeOption('--wait <time>', '').parseArg?.(text, undefined);

describe('a size', () => {
  test.each([
    ['0', 0],
    ['4096', 4096],
    ['4k', 4000],
    ['4K', 4000],
    ['4kB', 4000],
    ['4 kB', 4000],
    ['4ki', 4096],
    ['512KiB', 524_288],
    ['1.5G', 1_500_000_000],
    ['1.5MiB', 1_572_864],
    ['.5k', 500],
    ['1.0001k', 1000],
    ['2T', 2_000_000_000_000],
    ['9P', 9_000_000_000_000_000],
    ['100B', 100],
  ])('%s is %d bytes (R200)', (text, bytes) => {
    expect(readSize(text)).toBe(bytes);
  });

  test.each([
    '',
    ' ',
    '1.5',
    '-1',
    '1e3',
    '0x10',
    '4q',
    '4iB',
    'k',
    '1.2.3k',
    '4 k B',
    '1,5G',
    '٣k',
  ])('is not %j (R200)', (text) => {
    const why = `--max-size takes bytes, or 4k, 1.5G, 512KiB; not ${text}`;
    expect(() => readSize(text)).toThrow(UnfitValue);
    expect(() => readSize(text)).toThrow(why);
  });

  test('is not larger than can be counted, nor longer than it can mean something (R200)', () => {
    expect(() => readSize('10P')).toThrow('0 to 9007199254740991 bytes; not 10P');
    expect(() => readSize('0'.repeat(41))).toThrow('takes bytes, or 4k');
  });

  test('is within what the flag takes, whatever its unit (R200)', () => {
    const option = sizeOption('-b, --block-size <size>', '', { min: 1, max: 65_535 });
    expect(option.parseArg?.('65k', undefined)).toBe(65_000);
    const why = '--block-size takes 1 to 65535 bytes; not 66k';
    expect(() => option.parseArg?.('66k', undefined)).toThrow(why);
  });
});

describe('a time', () => {
  test.each([
    ['0', 0],
    ['0.25', 0.25],
    ['90', 90],
    ['90s', 90],
    ['5m', 300],
    ['5 min', 300],
    ['1.5h', 5400],
    ['2d', 172_800],
  ])('%s is %d seconds (R200)', (text, seconds) => {
    expect(readTime(text)).toBe(seconds);
  });

  test.each(['', '1 hour', '3H', '2w', '-1', 'h', '1h30m', '5 constructor', 'Infinity'])(
    'is not %j (R200)',
    (text) => {
      expect(() => readTime(text)).toThrow(`--wait takes seconds, or 90s, 3h, 2d; not ${text}`);
    },
  );

  test('is no longer than a hundred years (R200)', () => {
    expect(readTime('36500d')).toBe(3_153_600_000);
    expect(() => readTime('36501d')).toThrow('--wait takes 0 to 3153600000 seconds; not 36501d');
  });

  test('is whole where the flag takes no part of a second (R200)', () => {
    const option = timeOption('--max-age <time>', '', { isWhole: true });
    expect(() => option.parseArg?.('0.5', undefined)).toThrow('takes seconds');
  });
});
