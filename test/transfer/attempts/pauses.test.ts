import { describe, expect, test } from '@jest/globals';
import { Pauses } from '../../../src/transfer/attempts/pauses.js';
import { ManualClock } from '../../support/manual-clock.js';

/** The pauses before attempts that do this at once, and each fail after so many milliseconds. */
async function pausesAfter(ms: number, work: (pauses: Pauses) => void): Promise<number[]> {
  const clock = new ManualClock();
  const pauses = new Pauses(clock, () => 0);
  const made: number[] = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    work(pauses);
    await clock.advance(ms);
    made.push(pauses.next());
  }
  return made;
}

describe('pauses between attempts', () => {
  test('are left out only after one that worked for a minute (R98)', async () => {
    const online = (pauses: Pauses) => pauses.works();
    expect(await pausesAfter(60_000, online)).toEqual([0, 0, 0, 0, 0]);
    expect(await pausesAfter(59_000, online)).toEqual([0, 1_000, 2_000, 4_000, 8_000]);
  });

  test('are made however far each gets (R98)', async () => {
    const further = (pauses: Pauses) => pauses.getsFurther();
    expect(await pausesAfter(10, further)).toEqual([0, 1_000, 1_000, 1_000, 1_000]);
  });

  test('take as long as they should', async () => {
    const clock = new ManualClock();
    const waiting = new Pauses(clock).wait(1_000, new AbortController().signal);
    const done = waiting.then(() => clock.now());
    await clock.advance(5_000);
    await expect(done).resolves.toBe(1_000);
  });
});
