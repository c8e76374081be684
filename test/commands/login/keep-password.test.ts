import { afterEach, expect, jest, test } from '@jest/globals';
import { takeBack } from '../../../src/commands/login/keep-password.js';
import type { Keeper } from '../../../src/commands/login/keeper.js';
import type { Reporter } from '../../../src/ui/report.js';

afterEach(() => void jest.useRealTimers());

const ENTRY = { name: 'romeo', account: 'romeo@example.org', known: {} };

test('a keyring that does not answer is not waited for longer than five seconds (R1202)', async () => {
  jest.useFakeTimers();
  const keeper = {
    place: 'in a keyring',
    source: { passwordCommand: 'read it' },
    forget: (signal: AbortSignal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  } as unknown as Keeper;
  const told: string[] = [];
  const reporter = { warn: (text: string) => told.push(text) } as unknown as Reporter;
  const taken = takeBack(keeper, ENTRY, reporter);
  jest.advanceTimersByTime(5_000);
  await taken;
  expect(told).toEqual([
    'the password could not be removed again, and may still be in a keyring (it took longer than 5 s)',
  ]);
});
