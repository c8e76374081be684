import { beforeEach, describe, expect, test } from '@jest/globals';
import { AlignedWriting } from '../../../../src/session/wires/writing/aligned-writing.js';
import { ManualClock } from '../../../support/manual-clock.js';

const KIB = 1_024;

let clock: ManualClock;
let fragments: number[];
let writing: AlignedWriting;

beforeEach(() => {
  clock = new ManualClock();
  fragments = [];
  const socket = { setMaxSendFragment: (bytes: number) => fragments.push(bytes) > 0 };
  writing = new AlignedWriting(socket, clock);
});

/** The server takes so many characters a millisecond for so long; returns how often it was to be aligned. */
async function take(rate: number, ms: number): Promise<number> {
  let wanted = 0;
  for (let passed = 0; passed < ms; passed += 50) {
    await clock.advance(50);
    if (!writing.taken(rate * 50)) continue;
    wanted += 1;
    writing.start();
  }
  return wanted;
}

const isOn = () => fragments.at(-1) === 4_096;

test('nothing is filled up before the server takes a megabyte a second (R152)', async () => {
  expect(await take(900, 60_000)).toBe(0);
  expect(writing.spaceBehind(100)).toBe('');
  expect([fragments, writing.padded, writing.pieceBytes]).toEqual([[], 0, 16 * KIB]);
});

test.each([
  ['20,000 bytes, then 3 a millisecond', 20_000, 3],
  ['250,000 bytes, then 100 a millisecond', 250_000, 100],
])('the burst of a limiter is no speed: %s', async (_, burst, rate) => {
  await take(0, 100);
  writing.taken(burst);
  expect(await take(rate, 60_000)).toBe(0);
});

test('what is written ends where the server reads, in records of that length', async () => {
  expect(await take(2_000, 600)).toBe(1);
  expect(fragments).toEqual([4_096]);
  for (const bytes of [5_700, 4_096, 12_288, 40_500, 65_535]) {
    expect((bytes + writing.spaceBehind(bytes).length) % 4_096).toBe(0);
  }
  expect(writing.spaceBehind(4_096)).toBe('');
  expect(writing.spaceBehind(4_095)).toBe(' ');
});

test('nothing is aligned before the server has read all, and that is asked for once', async () => {
  await clock.advance(50);
  const answers: boolean[] = [];
  for (let passed = 0; passed < 5_000; passed += 50) {
    answers.push(writing.taken(100_000));
    await clock.advance(50);
  }
  expect(answers.filter((isWanted) => isWanted)).toHaveLength(1);
  expect(writing.spaceBehind(100)).toBe('');
});

test('there is not much more white space than there are stanzas, however small (R152)', async () => {
  await take(2_000, 600);
  for (let count = 0; count < 1_000; count += 1) writing.spaceBehind(100);
  expect(writing.padded).toBeLessThanOrEqual(32 * KIB + 100_000);
  expect(writing.padded).toBeGreaterThan(32 * KIB);
});

test('a connection that is gone is left alone', async () => {
  const setMaxSendFragment = () => {
    throw new TypeError('there is no handle');
  };
  writing = new AlignedWriting({ destroyed: true, setMaxSendFragment }, clock);
  expect(await take(2_000, 400)).toBe(1);
});

describe('once it was tried', () => {
  beforeEach(() => take(2_000, 400));

  test('it stays where the server takes more', async () => {
    await take(4_000, 8_000);
    expect(fragments).toEqual([4_096]);
  });

  test.each([1_500, 2_000, 2_050])(
    'it ends where the server takes %i instead of 2000',
    async (rate) => {
      await take(rate, 1_000);
      expect(isOn()).toBe(false);
      expect(writing.spaceBehind(100)).toBe('');
    },
  );

  test('the other way is looked at from time to time', async () => {
    await take(4_000, 11_500);
    expect(fragments).toEqual([4_096, 16_384]);
    await take(2_000, 500);
    expect(fragments).toEqual([4_096, 16_384, 4_096]);
  });

  test.each([
    ['little is sent', () => take(500, 1_000)],
    ['nothing is sent for a while', () => take(0, 10_000).then(() => writing.taken(20_000_000))],
  ])('it ends where %s', async (_, happens) => {
    await take(4_000, 2_000);
    await happens();
    expect(isOn()).toBe(false);
  });
});
