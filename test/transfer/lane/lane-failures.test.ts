import { describe, expect, test } from '@jest/globals';
import { LaneFailures } from '../../../src/transfer/lane/lane-failures.js';
import { ManualClock } from '../../support/manual-clock.js';

const JULIET = 'juliet@capulet.example/inband';
const NURSE = 'nurse@capulet.example/inband';
const BENVOLIO = 'benvolio@montague.example/inband';
const MINUTE_MS = 60_000;

const outOf = (failures: LaneFailures) =>
  [JULIET, NURSE, BENVOLIO].map((peer) => failures.isOut(peer));

describe('the lane of a server (R605)', () => {
  test('that did not come about is left alone for five minutes, for all users there', async () => {
    const clock = new ManualClock();
    const failures = new LaneFailures(clock);
    expect(outOf(failures)).toEqual([false, false, false]);
    failures.failed(JULIET, undefined);
    expect(outOf(failures)).toEqual([true, true, false]);
    await clock.advance(5 * MINUTE_MS - 1);
    expect(outOf(failures)).toEqual([true, true, false]);
    await clock.advance(1);
    expect(outOf(failures)).toEqual([false, false, false]);
  });

  test('that breaks is tried once more, and then left alone', async () => {
    const clock = new ManualClock();
    const failures = new LaneFailures(clock);
    failures.failed(JULIET, 2 ** 20 - 1);
    expect(failures.isOut(JULIET)).toBe(false);
    await clock.advance(MINUTE_MS);
    failures.failed(NURSE, 0);
    expect(outOf(failures)).toEqual([true, true, false]);
  });

  test('that breaks under several files at a time has broken once', () => {
    const failures = new LaneFailures(new ManualClock());
    for (let files = 0; files < 16; files += 1) failures.failed(JULIET, 0);
    expect(failures.isOut(JULIET)).toBe(false);
  });

  test('that carries much each time is tried each time', async () => {
    const clock = new ManualClock();
    const failures = new LaneFailures(clock);
    for (let times = 0; times < 5; times += 1) {
      failures.failed(JULIET, 2 ** 20);
      await clock.advance(MINUTE_MS);
    }
    failures.failed(JULIET, 0);
    expect(failures.isOut(JULIET)).toBe(false);
  });
});
