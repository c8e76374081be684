import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { PromptAcknowledgement } from '../../../../src/session/wires/writing/prompt-acknowledgement.js';

let spaces: number;
let acknowledgement: PromptAcknowledgement;

beforeEach(() => {
  jest.useFakeTimers();
  spaces = 0;
  acknowledgement = new PromptAcknowledgement(() => {
    spaces += 1;
    acknowledgement.wrote(1);
  });
});

afterEach(() => {
  jest.useRealTimers();
});

/** So many characters, a read of 4096 each time, without a pause. */
const readMuch = (characters: number) => {
  for (let left = characters; left > 0; left -= 4096) acknowledgement.read(4096);
};

test('one space acknowledges all that came, when no more comes (R151)', () => {
  acknowledgement.read(200);
  acknowledgement.read(300);
  expect(spaces).toBe(0);
  jest.advanceTimersByTime(1);
  expect(spaces).toBe(1);
  jest.advanceTimersByTime(60_000);
  expect(spaces).toBe(1);
});

test('what is answered needs no space', () => {
  acknowledgement.read(200);
  acknowledgement.wrote(100);
  jest.advanceTimersByTime(1_000);
  expect(spaces).toBe(0);
});

test.each([1_000_000, 1_000_000_000])('in the midst of %i characters there is no space', (much) => {
  readMuch(much);
  jest.advanceTimersByTime(10);
  acknowledgement.read(200);
  jest.advanceTimersByTime(10);
  expect(spaces).toBe(0);
});

test('what is written makes it much as well', () => {
  acknowledgement.wrote(100_000);
  acknowledgement.read(200);
  jest.advanceTimersByTime(1_000);
  expect(spaces).toBe(0);
});

test('there are spaces again a little after much has come', () => {
  readMuch(1_000_000_000);
  jest.advanceTimersByTime(100);
  acknowledgement.read(200);
  jest.advanceTimersByTime(1);
  expect(spaces).toBe(1);
});
