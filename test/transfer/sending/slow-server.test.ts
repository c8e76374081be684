import { expect, test } from '@jest/globals';
import type { Event } from '../../../src/transfer/events.js';
import { SlowServer } from '../../../src/transfer/sending/slow-server.js';

const BLOCK = 4_096;

function watching(size?: number) {
  const notices: string[] = [];
  const clock = { ms: 0, now: () => clock.ms, sleep: () => new Promise<void>(() => undefined) };
  const watch = new SlowServer((event) => {
    if (event.event === 'notice') notices.push(event.text);
  }, clock);
  const facts = { id: 1, peer: 'bob@example.org/inband', name: 'film', ...(size ? { size } : {}) };
  watch.track({ event: 'start', ...facts });
  let bytes = 0;
  /** Sends at this rate for so many seconds, a block at a time. */
  const goesOn = (rate: number, seconds: number) => {
    const end = clock.now() + seconds * 1000;
    while (clock.now() < end) {
      clock.ms += (BLOCK / rate) * 1000;
      bytes += BLOCK;
      watch.track({ event: 'progress', ...facts, bytes } as Event);
    }
  };
  return { notices, watch, facts, goesOn };
}

test('a rate that stays low and the same is explained, once (R680)', () => {
  const { notices, goesOn } = watching(300_000_000);
  goesOn(7_100, 300);
  expect(notices).toEqual([
    'your server seems to limit you to 10 kB/s; 300 MB take about 12 h. See "inband help slow"',
  ]);
});

test('of a file without a size the rate alone is told (R680)', () => {
  const { notices, goesOn } = watching();
  goesOn(2_130, 60);
  expect(notices).toEqual(['your server seems to limit you to 3 kB/s. See "inband help slow"']);
});

test.each<[string, number, (goesOn: (rate: number, seconds: number) => void) => void]>([
  ['is fast', 10_000_000_000, (goesOn) => goesOn(200_000, 120)],
  [
    'comes and goes',
    300_000_000,
    (goesOn) => {
      for (const rate of [4_000, 20_000, 4_000, 20_000, 4_000]) goesOn(rate, 10);
    },
  ],
  ['is there in less than a minute', 600_000, (goesOn) => goesOn(7_100, 60)],
  ['has just begun', 300_000_000, (goesOn) => goesOn(7_100, 25)],
])('what %s is not (R680)', (_, size, happens) => {
  const { notices, goesOn } = watching(size);
  happens(goesOn);
  expect(notices).toEqual([]);
});

test('what is not sent again says nothing of the rate (R680)', () => {
  const { notices, watch, facts, goesOn } = watching(300_000_000);
  goesOn(7_100, 25);
  watch.track({ event: 'resumed', ...facts, offset: 100_000 });
  goesOn(7_100, 25);
  expect(notices).toEqual([]);
});
