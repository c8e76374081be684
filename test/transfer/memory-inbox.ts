import { createHash } from 'node:crypto';
import type { Inbox, PartialFile, WantedPartial } from '../../src/transfer/receiving/inbox.js';

/** An inbox in memory: what was published by name, what is kept for later, and how many partials are open. */
export class MemoryInbox implements Inbox {
  readonly files = new Map<string, Buffer>();
  /** When what was published was last changed, as its sender says. */
  readonly dates = new Map<string, Date | undefined>();
  /** Whose partials were asked for. */
  readonly accounts: (string | undefined)[] = [];
  readonly kept = new Map<string, Buffer>();
  partials = 0;
  readonly lost = new AbortController().signal;
  readonly #rests = new Map<string, string>();

  async createPartial({
    identity = '',
    bytestream = '',
    account,
  }: WantedPartial = {}): Promise<PartialFile> {
    this.accounts.push(account);
    const earlier = this.kept.get(identity) ?? Buffer.alloc(0);
    this.kept.delete(identity);
    if (earlier.length > 0) this.#rests.set(bytestream, identity);
    const chunks = [earlier];
    const bytes = () => Buffer.concat(chunks);
    this.partials += 1;
    let isOpen = true;
    const end = (last: () => void = () => undefined) => {
      if (isOpen) last();
      if (isOpen) this.partials -= 1;
      isOpen = false;
    };
    return {
      offset: earlier.length,
      write: async (chunk) => void chunks.push(Buffer.from(chunk)),
      digest: (algorithm) => createHash(algorithm).update(bytes()).digest(),
      publish: async (name, date) => {
        end(() => this.files.set(name, bytes()));
        this.dates.set(name, date);
        return `/inbox/${name}`;
      },
      keep: async () => end(() => identity && this.kept.set(identity, bytes())),
      discard: async () => end(),
    };
  }

  hasRest(bytestream: string): boolean {
    return this.kept.has(this.#rests.get(bytestream) ?? '');
  }

  async close(): Promise<void> {}
}
