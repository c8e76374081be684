import { expect, test } from '@jest/globals';
import { Turn } from '../../../src/transfer/attempts/turn.js';
import type { Event } from '../../../src/transfer/events.js';
import { ManualClock } from '../../support/manual-clock.js';

const BUSY = new Error('busy');
const WHO = ['juliet@capulet.example'];
const { signal } = new AbortController();

function turnOf(limit: number, random = () => 0) {
  const clock = new ManualClock();
  const told: string[] = [];
  const report = (event: Event) => {
    if (event.event === 'warning' || event.event === 'note')
      told.push(`${event.event}: ${event.text}`);
  };
  return { clock, told, turn: new Turn(limit, report, clock, random) };
}

/** Waits until the time is over; what was told. */
async function toldBy({ turn, clock, told }: ReturnType<typeof turnOf>): Promise<string[]> {
  const waiting = (async () => {
    for (;;) await turn.wait(WHO, BUSY, signal);
  })();
  waiting.catch(() => undefined);
  await clock.advance(300_000);
  await expect(waiting).rejects.toBe(BUSY);
  return told;
}

test('waits grow up to 5 s, until the time is over, and are told once (R90)', async () => {
  const told = await toldBy(turnOf(20_000));
  const pauses = [1, 2, 4, 5, 5].map((pause) => `${WHO[0]} is busy; next try in ${pause} s`);
  const [first, ...others] = pauses;
  expect(told).toEqual([`warning: ${first}`, ...others.map((text) => `note: ${text}`)]);
});

test('a wait is told once, however long it is (R90)', async () => {
  const told = await toldBy(turnOf(200_000));
  expect(told.filter((text) => text.startsWith('warning'))).toHaveLength(1);
});

test('those who wait do not come back together (R90)', async () => {
  const turns = turnOf(600, () => 0.99);
  const started = turns.clock.now();
  const waited = turns.turn.wait(WHO, BUSY, signal);
  await turns.clock.advance(505);
  await waited;
  expect(turns.clock.now() - started).toBe(505);
});

test('one who had a place waits anew, and is told so once a minute (R109)', async () => {
  const { clock, told, turn } = turnOf(2_000);
  for (let count = 0; count < 120; count += 1) {
    const waited = turn.wait(WHO, BUSY, signal);
    await clock.advance(1_000);
    await waited;
    turn.came();
  }
  expect(told).toHaveLength(120);
  expect(told.filter((text) => text.startsWith('warning'))).toHaveLength(2);
});

test('all who are busy are named (R109)', async () => {
  const { clock, told, turn } = turnOf(2_000);
  const waited = turn.wait(['a@x', 'b@x'], BUSY, signal);
  await clock.advance(1_000);
  await waited;
  expect(told).toEqual(['warning: a@x, b@x are busy; next try in 1 s']);
});
