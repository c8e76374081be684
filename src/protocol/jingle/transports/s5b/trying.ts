import type { Clock } from '../../../../session/clock.js';
import type { Socket } from '../../../network/network.js';
import { within } from '../../../within.js';
import type { Candidate } from './s5b-stanzas.js';

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
  clock: Clock;
}

/** Tries a peer's candidates, those with the highest priorities first. */
export class Trying {
  readonly #options: TryingOptions;
  /** What ends each that is being tried, with its priority. */
  readonly #underWay = new Map<AbortController, number>();
  readonly #over = new AbortController();
  #reached: Reached | undefined;
  #floor = -1;

  constructor(options: TryingOptions) {
    this.#options = options;
  }

  /** Resolves to the first that is reached, or to nothing. Rejects with the signal's reason only. */
  async reach(candidates: readonly Candidate[], signal: AbortSignal): Promise<Reached | undefined> {
    const until = AbortSignal.any([signal, this.#over.signal]);
    const best = candidates.toSorted((a, b) => b.priority - a.priority).slice(0, MAX_TRIED);
    const attempts: Promise<void>[] = [];
    for (const candidate of best) {
      if (until.aborted || candidate.priority <= this.#floor) break;
      const attempt = this.#try(candidate, until);
      attempts.push(attempt);
      await Promise.race([attempt, this.#pause(until)]);
    }
    await Promise.all(attempts);
    this.#over.abort();
    if (signal.aborted) this.#reached?.socket.destroy();
    signal.throwIfAborted();
    return this.#reached;
  }

  /** The peer has reached a candidate of ours: only those with a higher priority can still be used (§2.4). */
  onlyAbove(priority: number): void {
    this.#floor = priority;
    for (const [stop, tried] of this.#underWay) {
      if (tried <= priority) stop.abort(new Error('a better one was reached'));
    }
  }

  async #try(candidate: Candidate, until: AbortSignal): Promise<void> {
    const { connect, clock } = this.#options;
    const stop = new AbortController();
    this.#underWay.set(stop, candidate.priority);
    try {
      const signal = AbortSignal.any([until, stop.signal]);
      const socket = await within(clock, TRY_MS, signal, (inTime) => connect(candidate, inTime));
      if (this.#reached || signal.aborted) {
        socket.destroy();
        return;
      }
      this.#reached = { candidate, socket };
      this.#over.abort();
    } catch {
      // It cannot be reached, for which there are the others.
    } finally {
      this.#underWay.delete(stop);
    }
  }

  async #pause(until: AbortSignal): Promise<void> {
    // Cut short, one was reached, or none is wanted any more.
    await this.#options.clock.sleep(APART_MS, until).catch(() => undefined);
  }
}
