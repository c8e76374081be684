import { expect, test } from '@jest/globals';
import { Turn } from '../../../src/transfer/sending/turn.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const BUSY = new Error('busy');
const { signal } = new AbortController();

/** Waits until the time is over; the pauses, in milliseconds. */
async function pausesOf(turn: Turn, clock: ManualClock): Promise<[number, boolean][]> {
  const pauses: [number, boolean][] = [];
  const waiting = (async () => {
    for (;;) await turn.wait(BUSY, signal, (...told) => void pauses.push(told));
  })();
  waiting.catch(() => undefined);
  await clock.advance(60_000);
  await expect(waiting).rejects.toBe(BUSY);
  return pauses;
}

test('waits grow up to 5 s, until the time is over (R90)', async () => {
  const clock = new ManualClock();
  const pauses = await pausesOf(new Turn(20_000, clock, () => 0), clock);
  expect(pauses.map(([pause]) => pause)).toEqual([1000, 2000, 4000, 5000, 5000]);
  expect(pauses.map(([, isFirst]) => isFirst)).toEqual([true, false, false, false, false]);
});

test('those who wait do not come back together (R90)', async () => {
  const clock = new ManualClock();
  const [pause] = await pausesOf(new Turn(600, clock, () => 0.99), clock);
  expect(pause).toEqual([505, true]);
});

test('one who had a place waits anew (R90)', async () => {
  const clock = new ManualClock();
  const turn = new Turn(2_000, clock, () => 0);
  for (let count = 0; count < 3; count += 1) {
    const waited = turn.wait(BUSY, signal, (_pause, isFirst) => expect(isFirst).toBe(true));
    await clock.advance(1_000);
    await waited;
    turn.came();
  }
  await settled();
});
