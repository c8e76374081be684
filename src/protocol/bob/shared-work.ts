import { orAborted } from '../../session/aborted.js';

/** A piece of work that several wait for. When the last of them gives up, so does the work. */
export class SharedWork<T> {
  readonly #abort = new AbortController();
  readonly #outcome: Promise<T>;
  #waiting = 0;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#outcome = work(this.#abort.signal);
    this.#outcome.catch(() => undefined); // all that wait are told
  }

  /** Nobody waits any more: it is too late to join. */
  get abandoned(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Rejects as the work does, or with the signal's reason. */
  async join(signal?: AbortSignal): Promise<T> {
    this.#waiting += 1;
    try {
      return await orAborted(this.#outcome, signal);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#abort.abort(new Error('nobody waits for it any more'));
    }
  }
}
