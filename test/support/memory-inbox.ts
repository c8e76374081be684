import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { NoRoom } from '../../src/storage/inbox/no-room.js';
import type { Inbox, PartialFile, WantedPartial } from '../../src/transfer/receiving/inbox.js';

/** An inbox in memory, without limits. */
export class MemoryInbox implements Inbox {
  /** What was published, by name. */
  readonly files = new Map<string, Buffer>();
  /** When what was published was last changed, as its sender says. */
  readonly dates = new Map<string, Date | undefined>();
  /** The accounts for which partials were asked. */
  readonly accounts: (string | undefined)[] = [];
  /** Partials that wait for their transfer to come again, by identity. */
  readonly kept = new Map<string, Buffer>();
  /** Partials that have not ended, with what was wanted. */
  readonly open = new Map<PartialFile, WantedPartial>();
  /** How many files were published. */
  published = 0;
  readonly lost = new AbortController().signal;
  /** Identities of the partials that were gone on with, by bytestream. */
  readonly #rests = new Map<string, string>();
  readonly #news = new EventEmitter();

  get partials(): number {
    return this.open.size;
  }

  /** Resolves when all partials have ended. */
  async empty(signal: AbortSignal): Promise<void> {
    while (this.open.size > 0) await once(this.#news, 'empty', { signal });
  }

  /** Lets go of all that was published or kept. */
  forget(): void {
    for (const map of [this.files, this.dates, this.kept, this.#rests]) map.clear();
    this.accounts.length = 0;
  }

  async createPartial(wanted: WantedPartial = {}): Promise<PartialFile> {
    const { identity = '', bytestream, account, size } = wanted;
    const algorithms = ['sha256', ...(wanted.algorithms ?? [])];
    if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) {
      throw new RangeError(`${size} is no size`);
    }
    this.accounts.push(account);
    const earlier = this.kept.get(identity) ?? Buffer.alloc(0);
    this.kept.delete(identity);
    if (earlier.length > 0 && bytestream) this.#rests.set(bytestream, identity);
    const content = new Content(earlier, size);
    const end = (last: () => void = () => undefined) => {
      if (!this.open.delete(partial)) return;
      content.failure ??= new Error('this partial has ended');
      last();
      if (this.open.size === 0) this.#news.emit('empty');
    };
    const partial: PartialFile = {
      offset: earlier.length,
      write: async (bytes) => content.append(bytes),
      digest: (name) => {
        if (!algorithms.includes(name)) throw new RangeError(`${name} was not asked for`);
        return createHash(name).update(content.bytes).digest();
      },
      publish: async (name, date) => {
        if (content.failure) throw content.failure;
        const free = this.#freeName(name);
        this.files.set(free, content.bytes);
        this.dates.set(free, date);
        this.published += 1;
        end();
        return `/inbox/${free}`;
      },
      keep: async () => end(() => this.#keep(identity, content.bytes)),
      discard: async () => end(),
    };
    this.open.set(partial, wanted);
    return partial;
  }

  hasRest(bytestream: string): boolean {
    return this.kept.has(this.#rests.get(bytestream) ?? '');
  }

  async close(): Promise<void> {}

  /** One with more bytes stays. */
  #keep(identity: string, bytes: Buffer): void {
    const other = this.kept.get(identity)?.length ?? 0;
    if (identity && bytes.length > 0 && bytes.length >= other) this.kept.set(identity, bytes);
  }

  #freeName(name: string): string {
    const [, stem = name, extension = ''] = /^(.+?)(\.[^.]*)?$/s.exec(name) ?? [];
    let free = name;
    for (let count = 1; this.files.has(free); count += 1) free = `${stem} (${count})${extension}`;
    return free;
  }
}

/** The bytes of a partial. */
class Content {
  /** Why nothing more is taken. */
  failure: Error | undefined;
  readonly #chunks: Buffer[];

  constructor(
    earlier: Buffer,
    private readonly size = Number.POSITIVE_INFINITY,
  ) {
    this.#chunks = [earlier];
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  append(bytes: Uint8Array): void {
    if (this.failure) throw this.failure;
    if (this.bytes.length + bytes.length > this.size) {
      this.failure = new NoRoom(`the file is larger than ${this.size} bytes`);
      throw this.failure;
    }
    this.#chunks.push(Buffer.from(bytes));
  }
}
