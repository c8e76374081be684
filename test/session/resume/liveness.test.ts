import { beforeEach, describe, expect, test } from '@jest/globals';
import { untilOverdue, untilSilent } from '../../../src/session/resume/liveness.js';
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

describe('a question', () => {
  let answer: () => void;
  let stopped: AbortController;

  /** The last exchange took so many milliseconds. */
  function ask(roundTrip: number): void {
    stopped = gone();
    const stream = {
      onRead: (listener: () => void) => {
        hear = listener;
      },
    };
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    untilOverdue(answered, { stream, roundTrip }, clock, stopped.signal).then(
      () => {
        outcome = `overdue at ${clock.now() / 1000}`;
      },
      () => {
        outcome = 'answered or stopped';
      },
    );
  }

  test.each([
    [0, 3],
    [50, 3],
    [800, 8],
    [5_000, 20],
  ])(
    'is overdue where a round trip takes %i ms and nothing comes for %i s (R153)',
    async (ms, s) => {
      ask(ms);
      await clock.advance(s * 1_000 - 1);
      expect(outcome).toBe('');
      await clock.advance(1);
      expect(outcome).toBe(`overdue at ${s}`);
    },
  );

  test('is not overdue while other things come, for up to 20 s', async () => {
    ask(50);
    for (let second = 0; second < 20; second += 2) {
      await clock.advance(2_000);
      expect(outcome).toBe(second < 18 ? '' : 'overdue at 20');
      hear();
    }
  });

  test('that is answered is not overdue', async () => {
    ask(50);
    await clock.advance(2_999);
    answer();
    await clock.advance(60_000);
    expect([outcome, clock.sleepers]).toEqual(['answered or stopped', 0]);
  });
});
