import { expect, test } from '@jest/globals';
import { Waiting } from '../../../src/transfer/quotas/waiting.js';

const NOBODY: ReadonlySet<string> = new Set();

function waitingOf() {
  const clock = { now: 0 };
  const waiting = new Waiting(() => clock.now);
  const ask = (at: number, ...accounts: string[]) => {
    clock.now = at;
    for (const account of accounts) waiting.turnedAway(account);
  };
  return { clock, waiting, ask };
}

test('those who have waited for 10 s are served in their order, as long as they ask again (R106)', () => {
  const { clock, waiting, ask } = waitingOf();
  ask(0, 'a@x', 'b@x', 'c@x');
  ask(9_000, 'a@x', 'b@x', 'c@x', 'd@x');
  expect(waiting.ahead('new@x', NOBODY)).toBe(0);
  clock.now = 10_000;
  expect(waiting.ahead('c@x', NOBODY)).toBe(2);
  expect(waiting.ahead('c@x', new Set(['a@x']))).toBe(1);
  expect(waiting.ahead('d@x', NOBODY)).toBe(3);
  expect(waiting.ahead('new@x', NOBODY)).toBe(3);
  ask(15_000, 'b@x');
  clock.now = 19_000;
  expect(waiting.ahead('new@x', NOBODY)).toBe(1);
  // It was gone for too long.
  ask(19_000, 'a@x');
  expect(waiting.ahead('a@x', NOBODY)).toBe(1);
  waiting.served('b@x');
  expect(waiting.ahead('a@x', NOBODY)).toBe(0);
});

test('one who asks once keeps no place from others at any time (R106)', () => {
  const { clock, waiting, ask } = waitingOf();
  ask(0, 'gone@x');
  for (; clock.now < 30_000; clock.now += 1_000) expect(waiting.ahead('a@x', NOBODY)).toBe(0);
});

test('any number of those who ask and never come again is forgotten (R106)', () => {
  const { waiting, ask } = waitingOf();
  const all = Array.from({ length: 5_000 }, (_, index) => `evil${index}@x`);
  ask(0, ...all);
  ask(9_000, ...all);
  ask(18_000, ...all);
  expect(waiting.ahead('new@x', NOBODY)).toBe(1_000);
  ask(28_000, 'late@x');
  ask(37_000, 'late@x');
  ask(38_000);
  expect(waiting.ahead('new@x', NOBODY)).toBe(1);
});
