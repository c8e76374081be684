import { describe, expect, test } from '@jest/globals';
import { AutoWindow } from '../../../../src/protocol/ibb/sending/auto-window.js';
import { autoSizes, oneSize } from '../../../../src/protocol/ibb/sending/block-sizes.js';
import { carry, FRAME, limiter } from './limiter.js';

const BLOCK = 4096;
const MIB = 1024 * 1024;

interface Path {
  /** Milliseconds. */
  roundTrip: number;
  /** Bytes a millisecond that the server passes on with so many blocks of this size under way. */
  rate: (blocks: number, size: number) => number;
}

/** Keeps the window full for so many milliseconds of a made-up clock; returns the bytes delivered. */
function transfer(window: AutoWindow, { roundTrip, rate }: Path, duration: number): number {
  const underWay: { size: number; sentAt: number; answeredAt: number }[] = [];
  let [now, lastAnswer, delivered, bytes] = [0, 0, 0, 0];
  while (now < duration) {
    while (underWay.length === 0 || bytes + window.blockSize <= window.limit) {
      const size = window.blockSize;
      const served = lastAnswer + size / rate(underWay.length + 1, size);
      lastAnswer = Math.max(now + roundTrip, served);
      underWay.push({ size, sentAt: now, answeredAt: lastAnswer });
      bytes += size;
    }
    const { size, sentAt, answeredAt } = underWay.shift() as (typeof underWay)[0];
    now = answeredAt;
    delivered += size;
    bytes -= size;
    window.acknowledged({ bytes: size, sentAt, now, full: true });
  }
  return delivered;
}

test('grows to 1 MiB where the round trip is what limits the rate', () => {
  const window = new AutoWindow(oneSize(BLOCK));
  transfer(window, { roundTrip: 50, rate: () => 100_000 }, 2_000);
  expect(window.limit).toBe(MIB);
});

test('grows to 2 MiB where a long way takes more, and no further (R700)', () => {
  const window = new AutoWindow(autoSizes(48_000, FRAME));
  const delivered = transfer(window, { roundTrip: 50, rate: () => 100_000 }, 10_000);
  expect(window.limit).toBe(2 * MIB);
  // What fills a way of 50 ms with 2 MiB, but for the start and what is tried.
  expect(delivered).toBeGreaterThan(0.85 * 2 * MIB * (10_000 / 50));
});

test('has as many blocks under way as it was told, however much that is', () => {
  const window = new AutoWindow(autoSizes(48_000, FRAME), 1_000);
  transfer(window, { roundTrip: 50, rate: () => 100_000 }, 2_000);
  expect(window.limit).toBe(1_000 * BLOCK);
});

test.each([0.4, 5, 20])('stays within 1 MiB where %s ms hold no more of it (R700)', (roundTrip) => {
  const window = new AutoWindow(autoSizes(48_000, FRAME));
  let most = 0;
  const rate = () => {
    most = Math.max(most, window.limit);
    return 20_000;
  };
  transfer(window, { roundTrip, rate }, 30_000);
  expect(most).toBeLessThanOrEqual(MIB);
});

test.each([1_000, 3_000, 5_000])('grows to 1 MiB with a round trip of %s ms', (roundTrip) => {
  const window = new AutoWindow(oneSize(BLOCK));
  const delivered = transfer(window, { roundTrip, rate: () => 100_000 }, 30 * roundTrip);
  expect(window.limit).toBe(MIB);
  expect(delivered).toBeGreaterThan(8 * MIB);
});

test('never has more under way than the stanzas that a server keeps for a session that was cut', () => {
  const window = new AutoWindow(oneSize(512));
  transfer(window, { roundTrip: 50, rate: () => 100_000 }, 2_000);
  expect(window.limit).toBe(256 * 512);
});

test('delivers most of what a path with a round trip of 50 ms can take', () => {
  const delivered = transfer(
    new AutoWindow(oneSize(BLOCK)),
    { roundTrip: 50, rate: () => 7_000 },
    10_000,
  );
  expect(delivered).toBeGreaterThan(0.8 * 7_000 * 10_000);
});

test('stays at one block where the server serves one faster than several', () => {
  const window = new AutoWindow(oneSize(BLOCK));
  const path = { roundTrip: 0.4, rate: (blocks: number) => (blocks === 1 ? 10_000 : 5_000) };
  const delivered = transfer(window, path, 10_000);
  expect(delivered).toBeGreaterThan(0.85 * 10_000 * 10_000);
});

test('keeps the smaller of two windows that deliver the same', () => {
  const window = new AutoWindow(oneSize(BLOCK));
  transfer(window, { roundTrip: 20, rate: () => 1_000 }, 30_000);
  expect(window.limit).toBeLessThanOrEqual(16 * BLOCK);
});

test('has no more under way than a slow server delivers in three seconds beyond a round trip', () => {
  const window = new AutoWindow(oneSize(BLOCK));
  transfer(window, { roundTrip: 50, rate: () => 7.3 }, 60_000);
  // That of a block: it needs longer to be passed on than for the way.
  const roundTrip = BLOCK / 7.3;
  expect(window.limit).toBeLessThanOrEqual((3_000 + roundTrip) * 7.3 * 1.1);
});

test('finds a larger window when the path gets longer', () => {
  const window = new AutoWindow(oneSize(BLOCK));
  transfer(window, { roundTrip: 1, rate: () => 20_000 }, 5_000);
  const before = window.limit;
  const fresh = { roundTrip: 100, rate: () => 20_000 };
  transfer(window, fresh, 120_000);
  expect(window.limit).toBeGreaterThan(before);
});

test('learns nothing from a sender that has nothing to send', () => {
  const window = new AutoWindow(oneSize(BLOCK));
  for (let now = 0; now < 10_000; now += 10) {
    window.acknowledged({ bytes: BLOCK, sentAt: now - 1, now, full: false });
  }
  expect(window.limit).toBe(BLOCK);
});

describe('with block sizes to choose from', () => {
  const auto = () => new AutoWindow(autoSizes(48_000, FRAME));

  /** What a server passes on, in bytes a millisecond, where each stanza costs it time beside its bytes. */
  const perStanza = (ms: number, bytesPerMs: number) => (_blocks: number, size: number) =>
    size / (ms + size / bytesPerMs);

  test('sends the largest ones where each stanza costs the server time (R163)', () => {
    const window = auto();
    const delivered = transfer(window, { roundTrip: 0.4, rate: perStanza(0.2, 60_000) }, 10_000);
    expect(window.blockSize).toBeGreaterThan(40_000);
    expect(delivered).toBeGreaterThan(0.8 * 48_000 * 10_000);
  });

  test('stays with those that each server takes where others are slower (R163)', () => {
    const window = auto();
    // Prosody, of records that do not end where its reads end.
    const rate = (_blocks: number, size: number) => (size > 6000 ? 2_400 : 4_000);
    const delivered = transfer(window, { roundTrip: 0.4, rate }, 20_000);
    expect(window.blockSize).toBe(BLOCK);
    expect(delivered).toBeGreaterThan(0.9 * 4_000 * 20_000);
  });

  test('finds larger ones when they have become faster', () => {
    const window = auto();
    const slow = (_blocks: number, size: number) => (size > 6000 ? 2_400 : 4_000);
    transfer(window, { roundTrip: 0.4, rate: slow }, 5_000);
    const fast = (_blocks: number, size: number) => (size > 6000 ? 10_000 : 5_000);
    transfer(window, { roundTrip: 0.4, rate: fast }, 10_000);
    expect(window.blockSize).toBeGreaterThan(6000);
  });

  test('has a few of them under way where the recipient gets a large one every 40 ms', () => {
    const window = auto();
    const rate = (blocks: number, size: number) => (size > 6000 && blocks < 8 ? size / 40 : 8_000);
    const delivered = transfer(window, { roundTrip: 0.4, rate }, 20_000);
    expect(delivered).toBeGreaterThan(0.85 * 8_000 * 20_000);
  });

  test.each([5_000, 7.3])('delivers most of what a path of 50 ms takes: %s bytes a ms', (most) => {
    const delivered = transfer(auto(), { roundTrip: 50, rate: () => most }, 20_000);
    expect(delivered).toBeGreaterThan(0.85 * most * 20_000);
  });

  test.each([
    [10_000, 0.72],
    [3_000, 0.65],
  ])(
    'brings payload behind a limit of %i bytes a second, a block a second at least (R163)',
    (rate, share) => {
      const { delivered, longest } = carry(auto(), limiter(rate, 20_000), 300_000);
      expect(delivered / 300).toBeGreaterThan(share * rate);
      expect(longest).toBeLessThan(1_100);
    },
  );
});

describe('what is told of it', () => {
  const perStanza = (_blocks: number, size: number) => size / (0.2 + size / 60_000);

  test('is the setting that is kept, while others are tried (R270)', () => {
    const window = new AutoWindow(autoSizes(48_000, FRAME));
    const [told, tried] = [new Set<number>(), new Set<number>()];
    let count = 0;
    const rate = (blocks: number, size: number) => {
      count += 1;
      if (count > 10_000) {
        told.add(window.settled.blockSize);
        tried.add(size);
      }
      return perStanza(blocks, size);
    };
    transfer(window, { roundTrip: 0.4, rate }, 120_000);
    expect([...told]).toEqual([Math.max(...autoSizes(48_000, FRAME).sizes)]);
    expect(tried.size).toBeGreaterThan(1);
  });

  test('is what the rate leaves of it (R270)', () => {
    const window = new AutoWindow(autoSizes(48_000, FRAME));
    carry(window, limiter(3_000, 20_000), 120_000);
    expect(window.settled.blockSize).toBeLessThan(3_000);
    expect(window.settled.limit).toBeLessThan(4 * 3_000);
  });
});

describe('refused for now', () => {
  const far = { roundTrip: 50, rate: () => 100_000 };

  test('is 1 MiB where more was under way: another program may have room for no more (R701)', () => {
    const window = new AutoWindow(autoSizes(48_000, FRAME));
    transfer(window, far, 5_000);
    window.refused();
    expect(window.limit).toBe(MIB);
    const delivered = transfer(window, far, 10_000);
    expect(window.limit).toBe(MIB);
    expect(delivered).toBeGreaterThan(0.85 * MIB * (10_000 / 50));
  });

  test('is 1 MiB where more was under way before the server became slow (R701)', () => {
    const window = new AutoWindow(autoSizes(48_000, FRAME));
    transfer(window, far, 5_000);
    transfer(window, { roundTrip: 50, rate: () => 100 }, 60_000);
    expect(window.limit).toBeLessThan(MIB);
    window.refused();
    transfer(window, far, 120_000);
    expect(window.limit).toBe(MIB);
  });

  test('is one block of the smallest size at a time', () => {
    const window = new AutoWindow(autoSizes(48_000, FRAME));
    transfer(window, { roundTrip: 0.4, rate: () => 100_000 }, 5_000);
    window.refused();
    expect([window.limit, window.blockSize]).toEqual([BLOCK, BLOCK]);
    transfer(window, far, 5_000);
    expect([window.limit, window.blockSize]).toEqual([BLOCK, BLOCK]);
  });

  test('again is one block, too (R701)', () => {
    const window = new AutoWindow(autoSizes(48_000, FRAME));
    transfer(window, far, 5_000);
    window.refused();
    window.refused();
    expect([window.limit, window.blockSize]).toEqual([BLOCK, BLOCK]);
  });
});
