import { expect, test } from '@jest/globals';
import { Acknowledged } from '../../../src/protocol/seal/acknowledged.js';

/** Three messages of 10 bytes each with 6 of the file, and an end with none. */
function createAcknowledged(): Acknowledged {
  const acknowledged = new Acknowledged();
  for (let count = 0; count < 3; count += 1) acknowledged.add(10, 6);
  acknowledged.add(3, 0);
  return acknowledged;
}

test.each([
  [0, 0],
  [9, 0],
  [10, 6],
  [29, 12],
  [30, 18],
  [33, 18],
])('when %i sealed bytes arrived, %i of the file did', (sealed, bytes) => {
  expect(createAcknowledged().arrived(sealed)).toBe(bytes);
});

test.each([
  [0, 0],
  [1, 6],
  [10, 6],
  [11, 12],
  [30, 18],
  [33, 18],
])('when %i sealed bytes left, %i of the file did', (sealed, bytes) => {
  expect(createAcknowledged().left(sealed)).toBe(bytes);
});

test('what arrived has left, and nothing behind it', () => {
  const acknowledged = createAcknowledged();
  expect(acknowledged.arrived(20)).toBe(12);
  expect(acknowledged.left(20)).toBe(12);
  expect(acknowledged.left(21)).toBe(18);
  expect(acknowledged.arrived(20)).toBe(12);
});
