import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { Inbox, PartialFile, WantedPartial } from '../../src/transfer/receiving/inbox.js';

/** An inbox that hashes what it gets and keeps none of it. */
export class MemoryInbox implements Inbox {
  /** Partials that have not ended, with what was wanted. */
  readonly open = new Map<PartialFile, WantedPartial>();
  published = 0;
  readonly lost = new AbortController().signal;
  readonly #news = new EventEmitter();

  /** Resolves when all partials have ended. */
  async empty(signal: AbortSignal): Promise<void> {
    while (this.open.size > 0) await once(this.#news, 'empty', { signal });
  }

  async createPartial(wanted: WantedPartial = {}): Promise<PartialFile> {
    const { algorithms = [] } = wanted;
    const hashes = new Map(['sha256', ...algorithms].map((name) => [name, createHash(name)]));
    const end = async () => {
      this.open.delete(partial);
      if (this.open.size === 0) this.#news.emit('empty');
    };
    const partial: PartialFile = {
      offset: 0,
      write: async (bytes) => {
        for (const hash of hashes.values()) hash.update(bytes);
      },
      digest: (name) => {
        const hash = hashes.get(name);
        if (!hash) throw new RangeError(`${name} was not asked for`);
        return hash.copy().digest();
      },
      publish: async (name) => {
        await end();
        this.published += 1;
        return `/inbox/${name}`;
      },
      keep: end,
      discard: end,
    };
    this.open.set(partial, wanted);
    return partial;
  }

  hasRest(): boolean {
    return false;
  }

  async close(): Promise<void> {}
}
