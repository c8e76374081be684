import { describe, expect, test } from '@jest/globals';
import { autoSizes, oneSize } from '../../../../src/protocol/ibb/sending/block-sizes.js';
import { MessageWindow } from '../../../../src/protocol/ibb/sending/message-window.js';
import { carry, FRAME, limiter } from './limiter.js';

const BLOCK = 4096;
const START = 16 * BLOCK;
const MIB = 1024 * 1024;

/** Acknowledges run after run, half a window each, at so many bytes a millisecond; returns the largest window of all. */
function deliver(
  window: MessageWindow,
  rate: number,
  ms: number,
  { full = true, blockSize = BLOCK } = {},
): number {
  let [now, largest] = [0, 0];
  while (now < ms) {
    const blocks = Math.max(Math.floor(window.limit / 2 / blockSize), 1);
    const sentAt = now;
    now += (blocks * blockSize) / rate;
    for (let count = 0; count < blocks; count += 1) {
      window.acknowledged({ bytes: blockSize, sentAt, now, full });
      largest = Math.max(largest, window.limit);
    }
  }
  return largest;
}

test('begins with 16 blocks, and has 1 MiB soon where it is delivered', () => {
  const window = new MessageWindow(oneSize(BLOCK));
  expect(window.limit).toBe(START);
  deliver(window, 4_000, 500);
  expect(window.limit).toBe(MIB);
});

test('never has more under way than the stanzas that a server keeps for a session that was cut', () => {
  const window = new MessageWindow(oneSize(512));
  deliver(window, 4_000, 500, { blockSize: 512 });
  expect(window.limit).toBe(256 * 512);
});

test('does not grow where that would take more than three seconds to be delivered', () => {
  const window = new MessageWindow(oneSize(BLOCK));
  expect(deliver(window, 7.3, 60_000)).toBe(START);
  expect(window.limit).toBeLessThanOrEqual(3_000 * 7.3 * 1.2);
});

test('becomes smaller when the rate does', () => {
  const window = new MessageWindow(oneSize(BLOCK));
  deliver(window, 4_000, 500);
  deliver(window, 100, 60_000);
  expect(window.limit).toBeLessThanOrEqual(3_000 * 100 * 1.2);
});

test('is smaller with the first run that has taken too long (R276)', () => {
  const window = new MessageWindow(oneSize(BLOCK));
  deliver(window, 4_000, 500);
  const now = 1_000_000;
  window.acknowledged({ bytes: BLOCK, sentAt: 1_000, now, full: true });
  expect(window.limit).toBeLessThan(MIB / 100);
});

test('has room for a block however slow the server is', () => {
  const window = new MessageWindow(oneSize(BLOCK));
  deliver(window, 0.5, 1_000_000);
  expect(window.limit).toBe(BLOCK);
});

test('stays as it is for a sender that has less to send', () => {
  const window = new MessageWindow(oneSize(BLOCK));
  deliver(window, 4_000, 1_000, { full: false });
  expect(window.limit).toBe(START);
});

describe('with block sizes to choose from', () => {
  /** Half of the window is a run, as the bytestream has it. */
  const behind = (rate: number, ms: number) => {
    const window = new MessageWindow(autoSizes(48_000, FRAME));
    const carried = carry(window, limiter(rate, 20_000), ms, () => window.limit / 2);
    return { ...carried, window };
  };

  test.each([
    [10_000, 0.72],
    [3_000, 0.65],
  ])(
    'brings payload behind a limit of %i bytes a second, in blocks of a second at most (R276)',
    (rate, share) => {
      const { delivered, largest, longest } = behind(rate, 300_000);
      expect(delivered / 300).toBeGreaterThan(share * rate);
      expect(largest).toBeLessThan(0.75 * rate * 1.1);
      expect(longest).toBeLessThan(3_000);
    },
  );

  test('tells what it has settled on, as the rate leaves it (R270)', () => {
    const { window } = behind(3_000, 120_000);
    expect(window.settled.blockSize).toBeLessThan(3_000);
    expect(window.settled.limit).toBe(window.limit);
  });
});
