import { describe, expect, test } from '@jest/globals';
import type { Candidate } from '../../../../../src/protocol/jingle/transports/s5b/s5b-stanzas.js';
import { Trying } from '../../../../../src/protocol/jingle/transports/s5b/trying.js';
import type { Socket } from '../../../../../src/protocol/network/network.js';
import { ManualClock } from '../../../../support/manual-clock.js';
import { linkedSockets } from '../../../network/memory-network.js';
import { never } from './negotiations.js';

const candidate = (priority: number): Candidate => ({
  ...{ cid: `c${priority}`, priority, host: '11.0.0.1', port: 5000, jid: 'a@b/c', type: 'direct' },
});

const CANDIDATES = [3, 9, 1, 7, 5, 2, 8].map(candidate);

interface Try {
  priority: number;
  at: number;
  connected(): Socket;
  failed(): void;
  stopped: number | undefined;
}

/** Tries candidates that answer as the test wants. */
function trying(
  signal = never,
  candidates = CANDIDATES,
  areAll: Promise<void> = Promise.resolve(),
) {
  const clock = new ManualClock();
  const tries: Try[] = [];
  const failed: string[] = [];
  const one = new Trying({
    clock,
    areAll: () => areAll,
    failed: ({ candidate: { priority }, error }) => failed.push(`${priority}: ${error.message}`),
    connect: ({ priority }, until) =>
      new Promise((resolve, reject) => {
        const begun: Try = {
          ...{ priority, at: clock.now(), stopped: undefined },
          connected: () => {
            const [socket] = linkedSockets();
            resolve(socket);
            return socket;
          },
          failed: () => reject(new Error('ECONNREFUSED')),
        };
        tries.push(begun);
        until.addEventListener('abort', () => {
          begun.stopped = clock.now();
          reject(until.reason);
        });
      }),
  });
  const state: { reached?: number | 'none' | Error; socket?: Socket } = {};
  one.reach(candidates, signal).then(
    (reached) => {
      state.reached = reached?.candidate.priority ?? 'none';
      if (reached) state.socket = reached.socket;
    },
    (error) => {
      state.reached = error;
    },
  );
  return { clock, tries, failed, one, state };
}

test('tries five, the best first, 200 ms apart, each for three seconds (R509)', async () => {
  const { clock, tries, state } = trying();
  await clock.advance(3_799);
  expect(tries.map(({ priority, at }) => [priority, at])).toEqual([
    ...[
      [9, 0],
      [8, 200],
    ],
    ...[
      [7, 400],
      [5, 600],
      [3, 800],
    ],
  ]);
  expect(state.reached).toBeUndefined();
  await clock.advance(1);
  expect(tries.map(({ stopped }) => stopped)).toEqual([3_000, 3_200, 3_400, 3_600, 3_800]);
  expect([state.reached, clock.sleepers]).toEqual(['none', 0]);
});

test('tries the next at once where one fails (R509)', async () => {
  const { clock, tries } = trying();
  await clock.advance(0);
  tries[0]?.failed();
  await clock.advance(0);
  expect(tries.map(({ priority }) => priority)).toEqual([9, 8]);
});

test('takes the first that answers, and ends the others (R509)', async () => {
  const { clock, tries, state } = trying();
  await clock.advance(250);
  const socket = tries[1]?.connected();
  await clock.advance(0);
  expect([state.reached, state.socket, tries.length]).toEqual([8, socket, 2]);
  expect([tries[0]?.stopped, clock.sleepers]).toEqual([250, 0]);
});

test('goes on with those that are better than what the peer has reached, and with no other (R507)', async () => {
  const { clock, tries, one, state } = trying();
  await clock.advance(450);
  one.onlyAbove(8);
  await clock.advance(0);
  expect(tries.map(({ stopped }) => stopped)).toEqual([undefined, 450, 450]);
  await clock.advance(10_000);
  expect([state.reached, tries.length]).toEqual(['none', 3]);
});

test('ends no better one where one is reached that is not wanted any more (R507)', async () => {
  const { clock, tries, one, state } = trying();
  await clock.advance(250);
  const late = tries[1]?.connected();
  one.onlyAbove(8);
  await clock.advance(0);
  expect([late?.destroyed, tries[0]?.stopped, state.reached]).toEqual([true, undefined, undefined]);
});

test('tries none where the peer has reached the best (R507)', async () => {
  const { clock, tries, one, state } = trying(never, [candidate(1)]);
  one.onlyAbove(1);
  await clock.advance(0);
  expect(state.reached).toBe('none');
  expect(tries.every(({ stopped }) => stopped === 0)).toBe(true);
});

test('stops when it is told to, with the reason, and leaves no connection (R509)', async () => {
  const stop = new AbortController();
  const { clock, tries, state } = trying(stop.signal);
  await clock.advance(0);
  const socket = tries[0]?.connected();
  stop.abort(new Error('enough'));
  await clock.advance(0);
  expect(state.reached).toEqual(new Error('enough'));
  expect([socket?.destroyed, clock.sleepers]).toEqual([true, 0]);
});

test('has nothing to reach where nothing is offered', async () => {
  const { clock, state } = trying(never, []);
  await clock.advance(0);
  expect(state.reached).toBe('none');
});

describe('candidates that come late (R1092)', () => {
  const begun = (tries: Try[]) => tries.map(({ priority, at }) => [priority, at]);

  test('are tried with the others, the best first, five in all', async () => {
    const { clock, tries, one } = trying(never, [3, 7].map(candidate));
    await clock.advance(100);
    one.add([1, 9, 4, 2, 8].map(candidate));
    await clock.advance(1_000);
    expect(begun(tries)).toEqual([
      ...[
        [7, 0],
        [9, 200],
      ],
      ...[
        [8, 400],
        [4, 600],
      ],
      [3, 800],
    ]);
  });

  test('are waited for when all others have failed, until there are no more to come', async () => {
    let tell: () => void = () => undefined;
    const areAll = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const { clock, tries, one, state } = trying(never, [candidate(3)], areAll);
    await clock.advance(3_000);
    expect([begun(tries), state.reached]).toEqual([[[3, 0]], undefined]);
    one.add([candidate(1)]);
    await clock.advance(0);
    expect(begun(tries)).toEqual([
      [3, 0],
      [1, 3_000],
    ]);
    tries[1]?.failed();
    await clock.advance(1_000);
    expect(state.reached).toBeUndefined();
    tell();
    await clock.advance(0);
    expect([state.reached, clock.sleepers]).toEqual(['none', 0]);
  });

  test('are not waited for when five were tried, or one is reached', async () => {
    const coming = new Promise<void>(() => undefined);
    const five = trying(never, CANDIDATES, coming);
    for (let count = 0; count < 5; count += 1) {
      await five.clock.advance(0);
      five.tries[count]?.failed();
    }
    await five.clock.advance(0);
    expect(five.state.reached).toBe('none');
  });
});

test('tells of those that cannot be reached, and not of those that are not needed (R1287)', async () => {
  const { clock, tries, failed } = trying(never, [1, 2, 3].map(candidate));
  await clock.advance(400);
  tries[0]?.failed();
  await clock.advance(2_800);
  expect(failed).toEqual(['3: ECONNREFUSED', '2: nobody answered in time']);
  tries[2]?.connected();
  await clock.advance(10_000);
  expect(failed).toHaveLength(2);
});
