import type { Bytestream } from './bytestream.js';

/** Nobody opened the expected bytestream in time. */
export class BytestreamNotOpened extends Error {
  override readonly name = 'BytestreamNotOpened';
}

/** Those who wait for a bytestream that was announced elsewhere, by its key. */
export class Expectations {
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
      const timer = setTimeout(late, timeout);
      this.#waiting.set(key, (outcome) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(key);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      });
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
    });
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
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
