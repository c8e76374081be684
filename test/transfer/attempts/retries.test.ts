import { describe, expect, test } from '@jest/globals';
import { Retries } from '../../../src/transfer/attempts/retries.js';
import { ManualClock } from '../../support/manual-clock.js';

const never = new AbortController().signal;
const ignore = () => undefined;
const LIMIT_MS = 10_000;

/** Attempts that all fail, the next as soon as it may; `before` is told the number of each. */
async function attemptsIn(ms: number, before: (retries: Retries, attempt: number) => void) {
  const clock = new ManualClock();
  const retries = new Retries(LIMIT_MS, clock, () => 0);
  let attempts = 0;
  const over = (async () => {
    for (;;) {
      await retries.attempt(never, async () => before(retries, attempts));
      attempts += 1;
      await retries.wait(new Error('it failed again'), never, ignore);
    }
  })().catch((error: Error) => error.message);
  await clock.advance(ms);
  return { attempts, outcome: await Promise.race([over, 'still trying']) };
}

describe('attempts', () => {
  test('end with the last error after the limit without progress', async () => {
    // At 0, 0, 1, 3 and 7 s; the next would be at 15 s.
    const outcome = await attemptsIn(60_000, () => undefined);
    expect(outcome).toEqual({ attempts: 5, outcome: 'it failed again' });
  });

  test('go on as long as each gets further', async () => {
    const { outcome } = await attemptsIn(100_000, (retries, attempt) => {
      if (attempt === 100) throw new Error('as far as it goes');
      retries.reached(attempt + 1);
    });
    expect(outcome).toBe('as far as it goes');
  });

  test('end when each gets only as far as the one before', async () => {
    const outcome = await attemptsIn(60_000, (retries) => {
      for (const bytes of [1, 2, 3]) retries.reached(bytes);
    });
    expect(outcome).toEqual({ attempts: 5, outcome: 'it failed again' });
  });

  test('do not lose the time in which what was done before is done again', async () => {
    const clock = new ManualClock();
    const retries = new Retries(LIMIT_MS, clock, () => 0);
    retries.reached(100);
    for (const [attempt, pause] of [0, 1_000, 2_000, 4_000].entries()) {
      const again = retries.wait(new Error('cut'), never, ignore).then(() =>
        retries.attempt(never, async () => {
          for (const bytes of [10, 20, 30]) {
            await clock.sleep(LIMIT_MS / 2, never);
            if (attempt <= 2) retries.reached(bytes);
          }
        }),
      );
      const ended = again.then(
        () => 'done',
        () => 'given up',
      );
      await clock.advance(pause + 1.5 * LIMIT_MS);
      expect(await ended).toBe(attempt <= 2 ? 'done' : 'given up');
    }
    await expect(retries.wait(new Error('cut again'), never, ignore)).rejects.toThrow('cut again');
  });

  /** An attempt after others, which ends only when it is told to: when that is, and with what. */
  async function lastAttempt(
    during: (retries: Retries, clock: ManualClock) => Promise<void>,
    { silentMs = 3_000, limit = LIMIT_MS } = {},
  ) {
    const clock = new ManualClock();
    const retries = new Retries(limit, clock, () => 0);
    retries.begins();
    await clock.advance(silentMs);
    const failure = new Error('cut');
    retries.fails(failure);
    const waiting = retries.wait(failure, never, ignore).catch((error) => {
      // One that is made all the same, as after too large blocks of our own choice.
      if (silentMs < limit) throw error;
    });
    await clock.advance(0);
    await waiting;
    let endedAt: number | undefined;
    const attempt = retries.attempt(never, async (until) => {
      until.addEventListener('abort', () => {
        endedAt = clock.now();
      });
      await new Promise(() => undefined);
    });
    const outcome = attempt.catch((error: Error) => error === failure);
    await during(retries, clock);
    await clock.advance(LIMIT_MS);
    return { endedAt, outcome: await Promise.race([outcome, 'still trying']) };
  }

  test('are given up in the middle when the time is over, the silence before included (R863)', async () => {
    const outcome = await lastAttempt(async () => undefined);
    expect(outcome).toEqual({ endedAt: LIMIT_MS, outcome: true });
  });

  test('are not given up while they get further, nor for what is done again meanwhile (R863)', async () => {
    const further = await lastAttempt(async (retries) => retries.reached(1));
    expect(further).toEqual({ endedAt: undefined, outcome: 'still trying' });
    const again = await lastAttempt(async (retries, clock) => {
      for (let count = 0; count < 3; count += 1) {
        await clock.advance(5_000);
        retries.moved();
      }
    });
    expect(again).toEqual({ endedAt: 3_000 + 15_000 + 7_000, outcome: true });
  });

  test('that are made when the time is over are given up after as long again (R1044)', async () => {
    const silent = { silentMs: LIMIT_MS + 5_000 };
    const outcome = await lastAttempt(async () => undefined, silent);
    expect(outcome).toEqual({ endedAt: silent.silentMs + LIMIT_MS, outcome: true });
    const moved = await lastAttempt(async (retries, clock) => {
      await clock.advance(8_000);
      retries.moved();
      await clock.advance(8_000);
    }, silent);
    expect(moved).toEqual({ endedAt: silent.silentMs + 8_000 + LIMIT_MS, outcome: true });
  });

  test('are not given up without any time for them (R1044)', async () => {
    const outcome = await lastAttempt(async () => undefined, { limit: 0 });
    expect(outcome).toEqual({ endedAt: undefined, outcome: 'still trying' });
  });

  test('that are the first take as long as they take (R863)', async () => {
    const clock = new ManualClock();
    const retries = new Retries(0, clock);
    const first = retries.attempt(never, (until) => clock.sleep(60_000, until));
    await clock.advance(60_000);
    await expect(first).resolves.toBeUndefined();
  });

  test('are not waited for by one who has had enough', async () => {
    const enough = new AbortController();
    const retries = new Retries(LIMIT_MS, new ManualClock(), () => 0);
    const aborted = AbortSignal.abort(new Error('no'));
    await retries.wait(new Error('cut'), aborted, ignore).catch(() => undefined);
    const waiting = retries.wait(new Error('cut'), enough.signal, ignore);
    enough.abort(new Error('interrupted'));
    await expect(waiting).rejects.toThrow('interrupted');
  });
});
