import { describe, expect, test } from '@jest/globals';
import { LaneFailures } from '../../../src/transfer/lane/lane-failures.js';
import { ManualClock } from '../../support/manual-clock.js';

const JULIET = 'juliet@capulet.example/inband';
const NURSE = 'nurse@capulet.example/inband';
const BENVOLIO = 'benvolio@montague.example/inband';
/** What stands for a file. */
const FILM = {};
const MINUTE_MS = 60_000;

const outOf = (failures: LaneFailures) =>
  [JULIET, NURSE, BENVOLIO].map((peer) => failures.isOut(peer));

describe('the lane of a server (R605)', () => {
  test('that did not come about is left alone for five minutes, for all users there', async () => {
    const clock = new ManualClock();
    const failures = new LaneFailures(clock);
    expect(outOf(failures)).toEqual([false, false, false]);
    failures.failed(JULIET);
    expect(outOf(failures)).toEqual([true, true, false]);
    await clock.advance(5 * MINUTE_MS - 1);
    expect(outOf(failures)).toEqual([true, true, false]);
    await clock.advance(1);
    expect(outOf(failures)).toEqual([false, false, false]);
  });

  test('that breaks is tried once more, and then left alone', async () => {
    const failures = new LaneFailures(new ManualClock());
    failures.begins(JULIET, FILM, 0);
    failures.broke(JULIET);
    expect(failures.isOut(JULIET)).toBe(false);
    failures.begins(JULIET, FILM, 2 ** 20 - 1);
    failures.broke(JULIET);
    expect(outOf(failures)).toEqual([true, true, false]);
  });

  test('that breaks under several files at a time has broken once', () => {
    const failures = new LaneFailures(new ManualClock());
    for (let files = 0; files < 16; files += 1) failures.begins(JULIET, {}, 0);
    for (let files = 0; files < 16; files += 1) failures.broke(JULIET);
    expect(failures.isOut(JULIET)).toBe(false);
  });

  test('that brings a mebibyte each time is tried each time', () => {
    const failures = new LaneFailures(new ManualClock());
    for (let times = 0; times < 5; times += 1) {
      failures.begins(JULIET, FILM, times * 2 ** 20);
      failures.broke(JULIET);
    }
    expect(failures.isOut(JULIET)).toBe(false);
  });
});
