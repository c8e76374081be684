import { expect, test } from '@jest/globals';
import { systemClock } from '../../src/protocol/clock.js';

const never = new AbortController().signal;

test('the system clock goes on while one sleeps, by no less than was asked for', async () => {
  const before = systemClock.now();
  await systemClock.sleep(5, never);
  // Timers count whole milliseconds, the clock fractions of them.
  expect(systemClock.now() - before).toBeGreaterThanOrEqual(4);
});

test('a sleep ends when its signal aborts', async () => {
  const alarm = new AbortController();
  const slept = systemClock.sleep(3_600_000, alarm.signal);
  alarm.abort();
  await expect(slept).rejects.toMatchObject({ name: 'AbortError' });
});

test('a signal that is aborted already lets nobody sleep', async () => {
  const slept = systemClock.sleep(3_600_000, AbortSignal.abort());
  await expect(slept).rejects.toMatchObject({ name: 'AbortError' });
});
