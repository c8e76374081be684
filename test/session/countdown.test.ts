import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Countdown } from '../../src/session/countdown.js';

let runs: number;
const run = () => {
  runs += 1;
};

beforeEach(() => {
  jest.useFakeTimers();
  runs = 0;
});

afterEach(() => {
  jest.useRealTimers();
});

test('counts only while it goes', () => {
  const countdown = new Countdown(1_000, run);
  jest.advanceTimersByTime(5_000);
  countdown.go();
  jest.advanceTimersByTime(600);
  countdown.stop();
  jest.advanceTimersByTime(5_000);
  countdown.go();
  jest.advanceTimersByTime(399);
  expect(runs).toBe(0);
  jest.advanceTimersByTime(1);
  expect(runs).toBe(1);
});

test('is told twice to go or to stop as if it were told once', () => {
  const countdown = new Countdown(1_000, run);
  countdown.go();
  jest.advanceTimersByTime(600);
  countdown.go();
  countdown.stop();
  countdown.stop();
  countdown.go();
  jest.advanceTimersByTime(400);
  expect(runs).toBe(1);
});

test('without an end has no timer', () => {
  new Countdown(Number.POSITIVE_INFINITY, run).go();
  expect(jest.getTimerCount()).toBe(0);
});
