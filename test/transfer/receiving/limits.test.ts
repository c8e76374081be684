import { describe, expect, test } from '@jest/globals';
import { TransferLimits } from '../../../src/transfer/receiving/limits.js';

const offered = (limits: TransferLimits, times: number) =>
  Array.from({ length: times }, () => limits.mayOffer('a@x/1')).filter(Boolean).length;

describe('room for a transfer', () => {
  const of = (account: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${account}/${index}`);

  test.each([
    ['in all', 16, [...of('b@x', 8), ...of('c@x', 7)], true],
    ['in all', 16, [...of('b@x', 8), ...of('c@x', 8)], false],
    ['of --max-sessions', 1, ['b@x/1'], false],
    ['of one account', 16, of('a@x', 7), true],
    ['of one account, whatever its resources', 16, of('a@x', 8), false],
  ])('is limited %s', (_which, max, peers, isRoom) => {
    expect(new TransferLimits(max, () => 0).hasRoom('a@x/new', peers)).toBe(isRoom);
  });
});

describe('offers', () => {
  test('that come to nothing are limited by the minute (R18)', () => {
    let now = 0;
    const limits = new TransferLimits(16, () => now);
    expect(offered(limits, 100)).toBe(30);
    limits.ended('a@x/1', 100, false);
    expect(offered(limits, 100)).toBe(0);
    now = 60_000;
    expect(offered(limits, 100)).toBe(10);
  });

  test.each([
    ['the whole file', 0, true],
    ['a part worth sending', 65_536, false],
  ])('that bring %s are not', (_what, bytes, isWhole) => {
    const limits = new TransferLimits(16, () => 0);
    for (let count = 0; count < 2000; count += 1) {
      expect(limits.mayOffer('a@x/1')).toBe(true);
      limits.ended('a@x/1', bytes, isWhole);
    }
  });

  test('of empty files are slowed down, and never by more than 600 a minute (R89)', () => {
    let now = 0;
    const limits = new TransferLimits(16, () => now);
    const sent = () => {
      let count = 0;
      for (; count < 10_000 && limits.mayOffer('a@x/1'); count += 1) limits.ended('a@x/1', 0, true);
      return count;
    };
    expect(sent()).toBe(2_030);
    let all = 2_030;
    // One who waits asks every few seconds.
    for (; all < 10_000; now += 3_000) all += sent();
    expect(now).toBeGreaterThanOrEqual(780_000);
    expect(now).toBeLessThanOrEqual(800_000);
  });

  test('that were answered "busy" do not count, unless they never stop (R89)', () => {
    const limits = new TransferLimits(16, () => 0);
    let turnedAway = 0;
    while (turnedAway < 1000 && limits.mayOffer('a@x/1')) {
      limits.turnedAway('a@x/2');
      turnedAway += 1;
    }
    expect(turnedAway).toBe(230);
  });
});
