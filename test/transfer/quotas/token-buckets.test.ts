import { expect, test } from '@jest/globals';
import { TokenBuckets } from '../../../src/transfer/quotas/token-buckets.js';

const MINUTE_MS = 60_000;

function bucketsAt(rate = { burst: 3, perMinute: 2 }) {
  const time = { ms: 0 };
  return { time, buckets: new TokenBuckets(rate, () => time.ms) };
}

const taken = (buckets: TokenBuckets, jid: string, times: number) =>
  Array.from({ length: times }, () => buckets.take(jid)).filter(Boolean).length;

test('an account may take the burst at once, and the rate after it', () => {
  const { time, buckets } = bucketsAt();
  expect(taken(buckets, 'a@x', 5)).toBe(3);
  time.ms = MINUTE_MS / 2 - 1;
  expect(buckets.take('a@x')).toBe(false);
  time.ms = MINUTE_MS / 2;
  expect(taken(buckets, 'a@x', 5)).toBe(1);
  time.ms = 100 * MINUTE_MS;
  expect(taken(buckets, 'a@x', 5)).toBe(3);
});

test('the resources of an account share its bucket, and two that differ are two accounts (R82)', () => {
  const { buckets } = bucketsAt();
  expect(['a@x/1', 'a@x/2', 'a@x', 'a@x/1', 'A@x/1'].map((jid) => buckets.take(jid))).toEqual([
    true,
    true,
    true,
    false,
    true,
  ]);
  expect(buckets.take('b@x/1')).toBe(true);
});

test('what is given back can be taken again, up to the burst', () => {
  const { buckets } = bucketsAt();
  buckets.giveBack('a@x');
  expect(taken(buckets, 'a@x', 5)).toBe(3);
  buckets.giveBack('a@x');
  expect(taken(buckets, 'a@x', 5)).toBe(1);
});

test('a flood of made-up accounts is forgotten, and does not keep known ones out', () => {
  const { time, buckets } = bucketsAt();
  expect(buckets.take('known@x')).toBe(true);
  const made = Array.from({ length: 30_000 }, (_, index) => buckets.take(`evil${index}@y`));
  expect(made.filter(Boolean).length).toBeLessThan(10_010);
  expect(buckets.size).toBeLessThanOrEqual(10_001);
  expect(buckets.take('known@x')).toBe(true);
  time.ms = 10 * MINUTE_MS;
  expect(buckets.take('new@y')).toBe(true);
  expect(buckets.size).toBeLessThan(10);
});

test('a flood of made-up accounts of one domain takes nothing from those of another (R108)', () => {
  const { time, buckets } = bucketsAt();
  for (let count = 0; count < 30_000; count += 1) buckets.take(`evil${count}@y`);
  expect(taken(buckets, 'new@x/1', 5)).toBe(3);
  for (let count = 0; count < 30_000; count += 1) buckets.take(`evil${count}@z`);
  expect(taken(buckets, 'late@x/1', 5)).toBe(3);
  time.ms = 10 * MINUTE_MS;
  expect(taken(buckets, 'late@y/1', 5)).toBe(3);
});
