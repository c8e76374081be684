import { describe, expect, test } from '@jest/globals';
import { TransferLimits } from '../../../src/transfer/quotas/limits.js';

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

test('two thousand files that are there already do not count as offers, and twenty a second after that (R306)', () => {
  let now = 0;
  const limits = new TransferLimits(16, () => now);
  const again = (most: number) => {
    for (let count = 0; count < most; count += 1) {
      if (!limits.mayOffer('a@x/1')) return count;
      limits.wasThere('a@x/1');
    }
    return most;
  };
  // And then thirty that come to nothing.
  expect(again(3_000)).toBe(2_030);
  now += 6_000;
  expect(again(3_000)).toBe(121);
  expect(limits.mayOffer('b@x/1')).toBe(true);
});

test('a place that is free is kept for the account that has waited longest, if for 10 s (R106)', () => {
  let now = 0;
  const limits = new TransferLimits(2, () => now);
  const asks = (peer: string, peers: string[]) => {
    const isRoom = limits.takeRoom(peer, peers);
    if (!isRoom) limits.turnedAway(peer);
    return isRoom;
  };
  const busy = ['a@x/1', 'b@x/1'];
  for (now = 0; now < 12_000; now += 4_000) {
    expect(asks('first@x/1', busy)).toBe(false);
    expect(asks('second@x/1', busy)).toBe(false);
  }
  expect(asks('second@x/1', ['a@x/1'])).toBe(false);
  expect(asks('a@x/2', ['a@x/1'])).toBe(false);
  expect(asks('first@x/2', ['a@x/1'])).toBe(true);
  expect(asks('second@x/1', ['first@x/2'])).toBe(true);
  expect(asks('a@x/2', [])).toBe(true);
});

/** Senders with files that take 100 ms each, who ask again as `Turn` does; milliseconds until the last is there, and of the longest wait. */
function simulate(max: number, senders: number, files: number) {
  let now = 0;
  const limits = new TransferLimits(max, () => now);
  const peers = Array.from({ length: senders }, (_, index) => `s${index}@x/1`);
  const running: string[] = [];
  const events: { at: number; run: () => void }[] = [];
  const after = (ms: number, run: () => void) => events.push({ at: now + ms, run });
  // As good as chance, and the same each time.
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  let longest = 0;
  const offer = (peer: string, left: number, since = now, tries = 0): void => {
    if (left === 0) return;
    if (!limits.takeRoom(peer, running)) {
      limits.turnedAway(peer);
      const pause = Math.min(1_000 * 2 ** tries, 5_000) * (1 - random() / 2);
      after(20 + pause, () => offer(peer, left, since, tries + 1));
      return;
    }
    longest = Math.max(longest, now - since);
    running.push(peer);
    after(100, () => {
      running.splice(running.indexOf(peer), 1);
      after(20, () => offer(peer, left - 1));
    });
  };
  for (const peer of peers) offer(peer, files);
  for (let next = events.shift(); next; next = events.sort((a, b) => a.at - b.at).shift()) {
    now = next.at;
    next.run();
  }
  return { took: now, longest };
}

// With places kept for each who waits it took 150 s, 45 s and 120 s.
test.each([
  [1, 2, 100, 40_000],
  [4, 6, 50, 20_000],
  [16, 40, 50, 40_000],
])(
  'in %d places small files of %d senders are there soon, and nobody waits for long (R106)',
  (max, senders, files, most) => {
    const { took, longest } = simulate(max, senders, files);
    expect(took).toBeLessThan(most);
    expect(longest).toBeLessThan(20_000);
  },
);

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
