import { expect, test } from '@jest/globals';
import { Waiting } from '../../../src/transfer/receiving/waiting.js';

const NOBODY: ReadonlySet<string> = new Set();

test('those who were turned away are served in their order, as long as they ask again (R106)', () => {
  let now = 0;
  const waiting = new Waiting(() => now);
  for (const account of ['a@x', 'b@x', 'c@x']) waiting.turnedAway(account);
  expect(waiting.ahead('c@x', NOBODY)).toBe(2);
  expect(waiting.ahead('new@x', NOBODY)).toBe(3);
  now = 5_000;
  waiting.turnedAway('b@x');
  now = 6_000;
  expect(waiting.ahead('new@x', NOBODY)).toBe(1);
  // It was gone for too long.
  waiting.turnedAway('a@x');
  expect(waiting.ahead('a@x', NOBODY)).toBe(1);
  waiting.served('b@x');
  expect(waiting.ahead('a@x', NOBODY)).toBe(0);
});

test('any number of those who ask and never come again is forgotten (R106)', () => {
  let now = 0;
  const waiting = new Waiting(() => now);
  for (let count = 0; count < 5_000; count += 1) waiting.turnedAway(`evil${count}@x`);
  expect(waiting.ahead('new@x', NOBODY)).toBe(1_000);
  now = 6_000;
  waiting.turnedAway('late@x');
  expect(waiting.ahead('new@x', NOBODY)).toBe(1);
});
