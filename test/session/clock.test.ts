import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Expectations } from '../../src/protocol/ibb/opening/expectations.js';
import { timerMs } from '../../src/session/clock.js';
import { Countdown } from '../../src/session/countdown.js';

const MONTH_MS = 3_000_000_000;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test.each([
  [0, 0],
  [1.5, 1.5],
  [2_147_483_647, 2_147_483_647],
  [MONTH_MS, 2_147_483_647],
  [Number.POSITIVE_INFINITY, 2_147_483_647],
])('a timer for %d ms is one for %d', (ms, set) => {
  expect(timerMs(ms)).toBe(set);
});

test('nothing that is to take longer than 24 days is over at once (R80)', () => {
  const set = jest.spyOn(globalThis, 'setTimeout');
  new Countdown(MONTH_MS, () => undefined).go();
  const waiting = new Expectations().add('key', 'romeo', { timeout: MONTH_MS });
  waiting.catch(() => undefined);
  expect(set.mock.calls.map(([, ms]) => ms)).toEqual([2_147_483_647, 2_147_483_647]);
});
