import { beforeEach, expect, test } from '@jest/globals';
import { untilSilent } from '../../../src/session/resume/liveness.js';
import { ManualClock } from '../../support/manual-clock.js';

let clock: ManualClock;
let hear: () => void;
/** When the server was asked, in seconds. */
let asked: number[];
let outcome: string;
const gone = () => new AbortController();

function watch(stopped = gone()): void {
  const stream = {
    onRead: (listener: () => void) => {
      hear = listener;
    },
  };
  const ask = () => asked.push(clock.now() / 1000);
  untilSilent(stream, ask, clock, stopped.signal).then(
    () => {
      outcome = `silent at ${clock.now() / 1000}`;
    },
    () => {
      outcome = 'stopped';
    },
  );
}

beforeEach(() => {
  clock = new ManualClock();
  asked = [];
  outcome = '';
});

test('a server is asked after 60 s without a byte, and silent 20 s later', async () => {
  watch();
  await clock.advance(59_999);
  expect(asked).toEqual([]);
  await clock.advance(20_000);
  expect([asked, outcome]).toEqual([[60], '']);
  await clock.advance(1);
  expect([asked, outcome]).toEqual([[60], 'silent at 80']);
});

test('a server that goes dead at any moment is found out 80 s after its last byte (R37)', async () => {
  watch();
  await clock.advance(1_000);
  hear();
  await clock.advance(58_500);
  hear();
  await clock.advance(79_999);
  expect(outcome).toBe('');
  await clock.advance(1);
  expect([asked, outcome]).toEqual([[119.5], 'silent at 139.5']);
});

test('a server that is asked and answers is not asked again before 60 s have passed', async () => {
  watch();
  await clock.advance(75_000);
  hear();
  await clock.advance(59_999);
  expect(asked).toEqual([60]);
  await clock.advance(1);
  expect([asked, outcome]).toEqual([[60, 135], '']);
});

test('nobody wakes more than once a minute while the server is heard', async () => {
  watch();
  let sleeps = 0;
  const { sleep } = clock;
  clock.sleep = (ms, signal) => {
    sleeps += 1;
    return sleep.call(clock, ms, signal);
  };
  for (let second = 0; second < 600; second += 1) {
    await clock.advance(1_000);
    hear();
  }
  expect(asked).toEqual([]);
  expect(sleeps).toBeLessThanOrEqual(11);
});

test('the watch ends with its signal', async () => {
  const stopped = gone();
  watch(stopped);
  stopped.abort();
  await clock.advance(100_000);
  expect([asked, outcome, clock.sleepers]).toEqual([[], 'stopped', 0]);
});
