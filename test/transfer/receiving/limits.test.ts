import { describe, expect, test } from '@jest/globals';
import { TransferLimits } from '../../../src/transfer/receiving/limits.js';

const offered = (limits: TransferLimits, times: number) =>
  Array.from({ length: times }, () => limits.mayOffer('a@x/1')).filter(Boolean).length;

describe('room for a transfer', () => {
  const of = (account: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${account}/${index}`);

  const limits = (max: number) => new TransferLimits(max, () => 0);

  test.each([
    ['in all', 16, [...of('b@x', 8), ...of('c@x', 7)], true],
    ['in all', 16, [...of('b@x', 8), ...of('c@x', 8)], false],
    ['of --max-sessions', 1, ['b@x/1'], false],
    ['of one account', 16, of('a@x', 7), true],
    ['of one account, whatever its resources', 16, of('a@x', 8), false],
  ])('is limited %s', (_which, max, peers, isRoom) => {
    expect(limits(max).takeRoom('a@x/new', peers)).toBe(isRoom);
  });

  // Two accounts held all 16 places, and one where there were eight or fewer.
  test.each([
    [16, [8, 4, 2, 1, 1]],
    [8, [4, 2, 1, 1]],
    [4, [2, 1, 1]],
    [3, [2, 1]],
    [2, [1, 1]],
    [1, [1]],
  ])('of %d places is never taken by one account alone (R104)', (max, expected) => {
    const peers: string[] = [];
    const got = expected.map((_count, index) => {
      const peer = `account${index}@x/1`;
      let count = 0;
      for (; limits(max).takeRoom(peer, peers); count += 1) peers.push(peer);
      return count;
    });
    expect(got).toEqual(expected);
    expect(limits(max).takeRoom('late@x/1', peers)).toBe(false);
  });
});

test('a place that is free is kept for the account that was turned away first (R106)', () => {
  let now = 0;
  const limits = new TransferLimits(2, () => now);
  const asks = (peer: string, peers: string[]) => {
    const isRoom = limits.takeRoom(peer, peers);
    if (!isRoom) limits.turnedAway(peer);
    return isRoom;
  };
  const busy = ['a@x/1', 'b@x/1'];
  expect(asks('first@x/1', busy)).toBe(false);
  expect(asks('second@x/1', busy)).toBe(false);
  now = 4_000;
  expect(asks('second@x/1', ['a@x/1'])).toBe(false);
  expect(asks('a@x/2', ['a@x/1'])).toBe(false);
  expect(asks('first@x/2', ['a@x/1'])).toBe(true);
  expect(asks('second@x/1', ['first@x/2'])).toBe(true);
  expect(asks('a@x/2', [])).toBe(true);
});

test('whoever does not ask again keeps no place from others (R106)', () => {
  let now = 0;
  const limits = new TransferLimits(1, () => now);
  limits.turnedAway('gone@x/1');
  expect(limits.takeRoom('a@x/1', [])).toBe(false);
  now = 6_000;
  expect(limits.takeRoom('a@x/1', [])).toBe(true);
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

  test('of empty files are 10,000 at once, and slowed down to 600 a minute after that (R104)', () => {
    let now = 0;
    const limits = new TransferLimits(16, () => now);
    const sent = () => {
      let count = 0;
      for (; count < 10_000 && limits.mayOffer('a@x/1'); count += 1) limits.ended('a@x/1', 0, true);
      return count;
    };
    expect(sent()).toBe(10_000);
    expect(sent()).toBe(30);
    let all = 0;
    // One who waits asks every few seconds.
    for (; now < 600_000; now += 3_000) all += sent();
    expect(all).toBeGreaterThanOrEqual(5_900);
    expect(all).toBeLessThanOrEqual(6_100);
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
