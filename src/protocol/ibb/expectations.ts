import { timerMs } from '../clock.js';
import type { Bytestream } from './bytestream.js';

/** Nobody opened the expected bytestream in time. */
export class BytestreamNotOpened extends Error {
  override readonly name = 'BytestreamNotOpened';
}

/** So many are known after nobody waits for them any more. */
const MAX_GIVEN_UP = 256;

/** Those who wait for a bytestream that was announced elsewhere, by its key. */
export class Expectations {
  /** Keys, the oldest first. */
  readonly #givenUp = new Set<string>();
  readonly #waiting = new Map<string, (outcome: Bytestream | Error) => void>();

  /** Resolves to the peer's bytestream; rejects after `timeout` ms, or with the signal's reason. */
  add(
    key: string,
    peer: string,
    { timeout, signal }: { timeout: number; signal?: AbortSignal },
  ): Promise<Bytestream> {
    return new Promise((resolve, reject) => {
      const abort = () => this.settle(key, signal?.reason as Error);
      const late = () =>
        this.settle(key, new BytestreamNotOpened(`${peer} did not open the bytestream`));
      const timer = setTimeout(late, timerMs(timeout));
      this.#waiting.set(key, (outcome) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(key);
        if (!(outcome instanceof Error)) return resolve(outcome);
        this.#giveUp(key);
        reject(outcome);
      });
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
    });
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** Whether it was waited for in vain: what comes under its key now is still what was announced, and too late. */
  wasGivenUp(key: string): boolean {
    return this.#givenUp.has(key);
  }

  #giveUp(key: string): void {
    this.#givenUp.add(key);
    const [oldest] = this.#givenUp;
    if (this.#givenUp.size > MAX_GIVEN_UP && oldest !== undefined) this.#givenUp.delete(oldest);
  }

  /** Returns whether somebody waited. */
  settle(key: string, outcome: Bytestream | Error): boolean {
    const settle = this.#waiting.get(key);
    settle?.(outcome);
    return settle !== undefined;
  }

  failAll(error: Error): void {
    for (const settle of this.#waiting.values()) settle(error);
  }
}
