import { type Clock, systemClock } from '../../session/clock.js';
import type { Report } from '../events.js';
import { isRefusedLogin, mayComeBack } from './passing.js';
import { Pauses } from './pauses.js';
import { nextTry } from './time-in-words.js';

/**
 * Milliseconds that a server may need which cannot look accounts up; and no second refusal at once locks an account.
 */
const REFUSED_MS = 30_000;

/** Passwords that are tried in a row: a command may print another one each time. */
const MAX_RENEWED = 3;

interface Perseverance {
  signal: AbortSignal;
  report: Report;
  /** Returns whether there is another password now than the one that was refused. */
  renew: () => Promise<boolean>;
  clock?: Clock;
}

/**
 * Runs `serve` with one session after the other, as long as what ends them may pass and the first one came about:
 * `serve` calls `isOnline`. Anything else that ends it is the outcome.
 */
export async function persevere(
  perseverance: Perseverance,
  serve: (isOnline: () => void) => Promise<void>,
): Promise<void> {
  const attempts = new Attempts(perseverance);
  for (;;) {
    try {
      return await serve(() => attempts.succeeded());
    } catch (error) {
      await attempts.awaitNext(error);
    }
  }
}

class Attempts {
  readonly #signal: AbortSignal;
  readonly #report: Report;
  readonly #renew: () => Promise<boolean>;
  readonly #clock: Clock;
  readonly #pauses: Pauses;
  #wasOnline = false;
  #refusals = 0;
  #told = '';

  constructor({ signal, report, renew, clock = systemClock }: Perseverance) {
    this.#signal = signal;
    this.#report = report;
    this.#renew = renew;
    this.#clock = clock;
    this.#pauses = new Pauses(clock);
  }

  succeeded(): void {
    this.#wasOnline = true;
    this.#refusals = 0;
    this.#told = '';
    this.#pauses.works();
  }

  /** Resolves when another attempt is due; throws if there is no point in one. */
  async awaitNext(error: unknown): Promise<void> {
    this.#signal.throwIfAborted();
    if (!this.#wasOnline || !(error instanceof Error)) throw error;
    if (isRefusedLogin(error)) return this.#awaitPassword(error);
    if (!mayComeBack(error)) throw error;
    await this.#wait(error);
  }

  #wait(error: Error): Promise<void> {
    const pause = this.#pauses.next();
    this.#tell(error, pause);
    return this.#pauses.wait(pause, this.#signal);
  }

  async #awaitPassword(error: Error): Promise<void> {
    this.#refusals += 1;
    const isNew = await this.#renew();
    if (this.#refusals > (isNew ? MAX_RENEWED : 1)) throw error;
    if (isNew) return this.#wait(error);
    // The password that was right before is tried once more: some servers refuse it when they cannot look it up.
    this.#tell(error, REFUSED_MS);
    await this.#clock.sleep(REFUSED_MS, this.#signal, { ref: true });
  }

  #tell({ message }: Error, pause: number): void {
    const isSame = message === this.#told;
    const text = `${isSame ? 'still offline' : message}; ${nextTry(pause)}`;
    // A warning once: what answers in the server's place may do so for days.
    this.#report({ event: isSame ? 'note' : 'notice', text });
    this.#told = message;
  }
}
