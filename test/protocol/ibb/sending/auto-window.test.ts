import { expect, test } from '@jest/globals';
import { AutoWindow } from '../../../../src/protocol/ibb/sending/auto-window.js';

const BLOCK = 4096;
const MIB = 1024 * 1024;

interface Path {
  /** Milliseconds. */
  roundTrip: number;
  /** Bytes a millisecond that the server passes on with so many blocks under way. */
  rate: (blocks: number) => number;
}

/** Keeps the window full for so many milliseconds of a made-up clock; returns the bytes delivered. */
function transfer(
  window: AutoWindow,
  { roundTrip, rate }: Path,
  duration: number,
  blockSize = BLOCK,
): number {
  const underWay: { sentAt: number; answeredAt: number }[] = [];
  let [now, lastAnswer, delivered] = [0, 0, 0];
  while (now < duration) {
    while (underWay.length === 0 || (underWay.length + 1) * blockSize <= window.limit) {
      const served = lastAnswer + blockSize / rate(underWay.length + 1);
      lastAnswer = Math.max(now + roundTrip, served);
      underWay.push({ sentAt: now, answeredAt: lastAnswer });
    }
    const { sentAt, answeredAt } = underWay.shift() as { sentAt: number; answeredAt: number };
    now = answeredAt;
    delivered += blockSize;
    window.acknowledged({ bytes: blockSize, sentAt, now, full: true });
  }
  return delivered;
}

test('grows to 1 MiB where the round trip is what limits the rate', () => {
  const window = new AutoWindow(BLOCK);
  transfer(window, { roundTrip: 50, rate: () => 100_000 }, 2_000);
  expect(window.limit).toBe(MIB);
});

test.each([1_000, 3_000, 5_000])('grows to 1 MiB with a round trip of %s ms', (roundTrip) => {
  const window = new AutoWindow(BLOCK);
  const delivered = transfer(window, { roundTrip, rate: () => 100_000 }, 30 * roundTrip);
  expect(window.limit).toBe(MIB);
  expect(delivered).toBeGreaterThan(8 * MIB);
});

test('never has more under way than the stanzas that a server keeps for a session that was cut', () => {
  const window = new AutoWindow(512);
  transfer(window, { roundTrip: 50, rate: () => 100_000 }, 2_000, 512);
  expect(window.limit).toBe(256 * 512);
});

test('delivers most of what a path with a round trip of 50 ms can take', () => {
  const delivered = transfer(new AutoWindow(BLOCK), { roundTrip: 50, rate: () => 7_000 }, 10_000);
  expect(delivered).toBeGreaterThan(0.8 * 7_000 * 10_000);
});

test('stays at one block where the server serves one faster than several', () => {
  const window = new AutoWindow(BLOCK);
  const path = { roundTrip: 0.4, rate: (blocks: number) => (blocks === 1 ? 10_000 : 5_000) };
  const delivered = transfer(window, path, 10_000);
  expect(delivered).toBeGreaterThan(0.85 * 10_000 * 10_000);
});

test('keeps the smaller of two windows that deliver the same', () => {
  const window = new AutoWindow(BLOCK);
  transfer(window, { roundTrip: 20, rate: () => 1_000 }, 30_000);
  expect(window.limit).toBeLessThanOrEqual(16 * BLOCK);
});

test('has no more under way than a slow server delivers in three seconds beyond a round trip', () => {
  const window = new AutoWindow(BLOCK);
  transfer(window, { roundTrip: 50, rate: () => 7.3 }, 60_000);
  // That of a block: it needs longer to be passed on than for the way.
  const roundTrip = BLOCK / 7.3;
  expect(window.limit).toBeLessThanOrEqual((3_000 + roundTrip) * 7.3 * 1.1);
});

test('finds a larger window when the path gets longer', () => {
  const window = new AutoWindow(BLOCK);
  transfer(window, { roundTrip: 1, rate: () => 20_000 }, 5_000);
  const before = window.limit;
  const fresh = { roundTrip: 100, rate: () => 20_000 };
  transfer(window, fresh, 120_000);
  expect(window.limit).toBeGreaterThan(before);
});

test('learns nothing from a sender that has nothing to send', () => {
  const window = new AutoWindow(BLOCK);
  for (let now = 0; now < 10_000; now += 10) {
    window.acknowledged({ bytes: BLOCK, sentAt: now - 1, now, full: false });
  }
  expect(window.limit).toBe(BLOCK);
});
