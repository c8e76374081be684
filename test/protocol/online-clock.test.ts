import { beforeEach, describe, expect, test } from '@jest/globals';
import { onlineClock } from '../../src/protocol/online-clock.js';
import { type Clock, systemClock } from '../../src/session/clock.js';
import type { StanzaSession } from '../../src/session/stanza-session.js';
import { linkedSessions } from '../support/linked-sessions.js';
import { ManualClock, settled } from '../support/manual-clock.js';

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

describe('the clock of a session', () => {
  let real: ManualClock;
  let session: StanzaSession;
  let clock: Clock;

  beforeEach(() => {
    real = new ManualClock();
    [session] = linkedSessions();
    clock = onlineClock(session, real);
  });

  test('stands still while the session is resumed, each time (R27)', async () => {
    for (const [passed, now] of [
      [1_000, 1_000],
      [1_000, 2_000],
    ] as const) {
      await real.advance(passed);
      session.suspend();
      expect(clock.now()).toBe(now);
      await real.advance(60_000);
      expect(clock.now()).toBe(now);
      session.resume();
      expect(clock.now()).toBe(now);
    }
    await real.advance(1);
    expect(clock.now()).toBe(2_001);
  });

  test('lets a sleep last as much longer as the session was resumed', async () => {
    const done = watch(clock.sleep(10_000, never));
    await real.advance(4_000);
    session.suspend();
    await real.advance(60_000);
    session.resume();
    await real.advance(5_999);
    expect(done.outcome).toBe('asleep');
    await real.advance(1);
    expect(done.outcome).toBe('awake');
  });

  test('lets a sleep that began meanwhile last from the resumption on', async () => {
    session.suspend();
    const done = watch(clock.sleep(1_000, never));
    await real.advance(60_000);
    expect([done.outcome, real.sleepers]).toEqual(['asleep', 0]);
    session.resume();
    await real.advance(999);
    expect(done.outcome).toBe('asleep');
    await real.advance(1);
    expect(done.outcome).toBe('awake');
  });

  test('ends a sleep with its signal, also while the session is resumed', async () => {
    session.suspend();
    const alarm = new AbortController();
    const done = watch(clock.sleep(1_000, alarm.signal));
    await real.advance(60_000);
    alarm.abort(new Error('enough'));
    await settled();
    expect(done.outcome).toBe('enough');
  });

  function watch(sleep: Promise<void>): { outcome: string } {
    const done = { outcome: 'asleep' };
    sleep.then(
      () => {
        done.outcome = 'awake';
      },
      (error: Error) => {
        done.outcome = error.message;
      },
    );
    return done;
  }
});
