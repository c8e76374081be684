import { type Clock, systemClock } from '../protocol/clock.js';
import { isRefusedLogin, mayComeBack, Retries } from '../transfer/retries.js';
import type { Reporter } from '../ui/report.js';

/** So long a server whose accounts cannot be asked may need; and no second refusal locks an account. */
const REFUSED_MS = 30_000;

/** A command may print another one each time. */
const MAX_RENEWED = 3;

export interface Perseverance {
  signal: AbortSignal;
  reporter: Pick<Reporter, 'warn' | 'note'>;
  /** Returns whether there is another password now than the one that was refused. */
  renew: () => Promise<boolean>;
  clock?: Clock;
}

/**
 * Runs `serve` with one session after the other, as long as what ends them may pass, and the first one came about:
 * `serve` calls `isOnline`. What else ends it is its outcome.
 */
export async function persevere(
  { signal, reporter, renew, clock = systemClock }: Perseverance,
  serve: (isOnline: () => void) => Promise<void>,
): Promise<void> {
  const retries = new Retries(Number.POSITIVE_INFINITY, clock);
  let wasOnline = false;
  let refusals = 0;
  let told = '';
  for (;;) {
    try {
      return await serve(() => {
        wasOnline = true;
        refusals = 0;
        told = '';
        retries.works();
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!wasOnline || !(error instanceof Error)) throw error;
      const tell = () => {
        const text = `${(error as Error).message}; trying to come back`;
        // Once: what answers in the server's place may do so for days.
        if (text === told) reporter.note(text);
        else reporter.warn(text);
        told = text;
      };
      if (isRefusedLogin(error)) {
        refusals += 1;
        const isNew = await renew();
        if (refusals > (isNew ? MAX_RENEWED : 1)) throw error;
        tell();
        // With the password that was right before, once more: some servers say so, too, when they cannot look it up.
        if (isNew) await retries.wait(error, signal, () => undefined);
        else await clock.sleep(REFUSED_MS, signal, { ref: true });
      } else if (mayComeBack(error)) await retries.wait(error, signal, tell);
      else throw error;
    }
  }
}
