import { expect, test } from '@jest/globals';
import type { Channel } from '../../src/protocol/channel.js';
import { paceOf, RateLimit } from '../../src/transfer/rate-limit.js';
import { ManualClock, settled } from '../support/manual-clock.js';

const never = new AbortController().signal;

async function* chunks(...sizes: number[]) {
  for (const size of sizes) yield Buffer.alloc(size);
}

/** Counts what has passed, of each of several sources. */
function flowing(limit: RateLimit, sources: AsyncIterable<Buffer>[], signal = never) {
  const passed = sources.map(() => 0);
  const ends = sources.map(async (source, at) => {
    for await (const part of limit.paced(source, signal))
      passed[at] = (passed[at] ?? 0) + part.length;
  });
  return { passed, ended: Promise.all(ends) };
}

const total = (counts: number[]) => counts.reduce((sum, one) => sum + one, 0);

test('no second has more bytes than the limit, but for a quarter of it that goes first (R206)', async () => {
  const clock = new ManualClock();
  const limit = new RateLimit(4000, clock);
  const { passed, ended } = flowing(limit, [chunks(6000, 1, 9999)]);
  for (let second = 0; second < 4; second += 1) {
    await clock.advance(0);
    expect(total(passed)).toBeGreaterThanOrEqual(4000 * second);
    expect(total(passed)).toBeLessThanOrEqual(4000 * second + 1001);
    await clock.advance(1000);
  }
  await ended;
  expect(passed).toEqual([16_000]);
});

test('several transfers share it, by turns (R206)', async () => {
  const clock = new ManualClock();
  const { passed } = flowing(new RateLimit(4000, clock), [chunks(50_000), chunks(50_000)]);
  await clock.advance(5000);
  expect(Math.abs((passed[0] ?? 0) - (passed[1] ?? 0))).toBeLessThanOrEqual(1000);
  expect(total(passed)).toBeLessThanOrEqual(21_000);
  expect(total(passed)).toBeGreaterThanOrEqual(20_000);
});

test('time in which nothing passed is not made up for (R206)', async () => {
  const clock = new ManualClock();
  const limit = new RateLimit(4000, clock);
  await clock.advance(60_000);
  const { passed } = flowing(limit, [chunks(50_000)]);
  await clock.advance(1000);
  expect(total(passed)).toBeLessThanOrEqual(5000);
});

test('who is interrupted waits for nothing (R206)', async () => {
  const clock = new ManualClock();
  const limit = new RateLimit(1000, clock);
  const stop = new AbortController();
  const { ended } = flowing(limit, [chunks(50_000)], stop.signal);
  await settled();
  stop.abort(new Error('enough'));
  await expect(ended).rejects.toThrow('enough');
});

test('what is paced as it arrives is paid for once, and the reader pays what it got beyond that (R704)', async () => {
  const paid: number[] = [];
  const pay = async (bytes: number) => {
    paid.push(bytes);
  };
  let arrived = pay;
  const channel = {
    paceArrivals: (pace: typeof pay) => {
      arrived = pace;
    },
  } as unknown as Channel;
  const pace = paceOf(channel, pay);
  await arrived(600);
  await arrived(500);
  await pace(1000);
  expect(paid).toEqual([600, 500]);
  await arrived(300);
  await pace(2000);
  expect(paid).toEqual([600, 500, 300, 1600]);
});

test('a reader that gets each part by itself pays for it (R206)', () => {
  const pace = async () => undefined;
  expect(paceOf({} as Channel, pace)).toBe(pace);
});
