import type { Clock } from '../../../../session/clock.js';
import type { Socket } from '../../../network/network.js';
import { within } from '../../../within.js';
import type { Candidate } from './s5b-stanzas.js';
import type { Failed } from './why-no-way.js';

/** The next one is tried while those before it have not answered yet. */
const APART_MS = 200;

/** How long one may take, the handshake included. */
const TRY_MS = 3_000;

/** Each shows our address to somebody, and may be anybody's. */
const MAX_TRIED = 5;

export interface Reached {
  candidate: Candidate;
  socket: Socket;
}

interface TryingOptions {
  /** Connects, and shakes hands; obeys the signal. */
  connect(candidate: Candidate, signal: AbortSignal): Promise<Socket>;
  /** Told of one that cannot be reached. */
  failed(failed: Failed): void;
  /** Resolves when no more candidates come, at the latest when the signal is aborted. */
  areAll(until: AbortSignal): Promise<unknown>;
  clock: Clock;
}

/** Tries a peer's candidates, those with the highest priorities first, of those that are there when its turn is. */
export class Trying {
  readonly #options: TryingOptions;
  /** What ends each that is being tried, with its priority. */
  readonly #underWay = new Map<AbortController, number>();
  readonly #over = new AbortController();
  readonly #untried: Candidate[] = [];
  #tried = 0;
  #reached: Reached | undefined;
  #floor = -1;
  #tellCome: () => void = () => undefined;
  #come = Promise.resolve();

  constructor(options: TryingOptions) {
    this.#options = options;
  }

  /** These can be tried, too. */
  add(candidates: readonly Candidate[]): void {
    this.#untried.push(...candidates);
    this.#untried.sort((a, b) => b.priority - a.priority);
    this.#tellCome();
  }

  /** Resolves to the first that is reached, or to nothing. Rejects with the signal's reason only. */
  async reach(candidates: readonly Candidate[], signal: AbortSignal): Promise<Reached | undefined> {
    const until = AbortSignal.any([signal, this.#over.signal]);
    this.add(candidates);
    const areAll = this.#options.areAll(until);
    const attempts: Promise<void>[] = [];
    for (;;) {
      this.#come = new Promise((resolve) => {
        this.#tellCome = resolve;
      });
      const best = until.aborted ? undefined : this.#takeBest();
      if (!best) {
        const mayGoOn = this.#tried < MAX_TRIED;
        const areDone = Promise.all([mayGoOn && areAll, ...attempts]).then(() => true);
        if (await Promise.race([areDone, this.#come])) break;
        continue;
      }
      const attempt = this.#try(best, until);
      attempts.push(attempt);
      await Promise.race([attempt, this.#pause(until)]);
    }
    this.#over.abort();
    if (signal.aborted) this.#reached?.socket.destroy();
    signal.throwIfAborted();
    return this.#reached;
  }

  #takeBest(): Candidate | undefined {
    const [best] = this.#untried;
    if (!best || this.#tried >= MAX_TRIED || best.priority <= this.#floor) return undefined;
    this.#tried += 1;
    return this.#untried.shift();
  }

  /** The peer has reached a candidate of ours: only those with a higher priority can still be used (§2.4). */
  onlyAbove(priority: number): void {
    this.#floor = priority;
    for (const [stop, tried] of this.#underWay) {
      if (tried <= priority) stop.abort(new Error('a better one was reached'));
    }
  }

  async #try(candidate: Candidate, until: AbortSignal): Promise<void> {
    const { connect, clock, failed } = this.#options;
    const stop = new AbortController();
    const signal = AbortSignal.any([until, stop.signal]);
    this.#underWay.set(stop, candidate.priority);
    try {
      const socket = await within(clock, TRY_MS, signal, (inTime) => connect(candidate, inTime));
      if (this.#reached || signal.aborted) {
        socket.destroy();
        return;
      }
      this.#reached = { candidate, socket };
      this.#over.abort();
    } catch (error) {
      // There are the others.
      if (!signal.aborted) failed({ candidate, error: error as Error });
    } finally {
      this.#underWay.delete(stop);
    }
  }

  async #pause(until: AbortSignal): Promise<void> {
    // Cut short, one was reached, or none is wanted any more.
    await this.#options.clock.sleep(APART_MS, until).catch(() => undefined);
  }
}
