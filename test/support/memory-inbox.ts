import { createHash, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { MemoryLedger } from '../../src/storage/ledger/memory-ledger.js';
import { NoRoom } from '../../src/transfer/inbox-errors.js';
import type {
  FoundFile,
  Inbox,
  NewRecord,
  PartialFile,
  WantedPartial,
} from '../../src/transfer/receiving/inbox.js';
import type { FileOwner, FileRecord } from '../../src/transfer/receiving/ledger.js';

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
  ledger = new MemoryLedger();
  /** The folders that were made, by owner and offered path. */
  readonly folders = new Map<string, string>();
  /** The paths of programs. */
  readonly programs = new Set<string>();
  /** The paths at which there is another file than the one that arrived. */
  readonly replaced = new Set<string>();
  /** How many files were published. */
  published = 0;
  readonly lost = new AbortController().signal;
  /** What was wanted of them, in bytes. */
  readonly #sizes = new Map<string, number | undefined>();
  /** Identities of the partials that were gone on with, by channel. */
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
    const maps = [this.files, this.dates, this.kept, this.#sizes, this.#rests, this.folders];
    for (const map of maps) map.clear();
    this.programs.clear();
    this.accounts.length = 0;
    this.ledger = new MemoryLedger();
  }

  async createPartial(wanted: WantedPartial = {}): Promise<PartialFile> {
    const { identity = '', channel, account, size } = wanted;
    const algorithms = ['sha256', ...(wanted.algorithms ?? [])];
    if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) {
      throw new RangeError(`${size} is no size`);
    }
    this.accounts.push(account);
    if (account !== undefined) this.ledger.checkRoom(account);
    const earlier = this.#takeKept(identity, size);
    if (earlier.length > 0 && channel) this.#rests.set(channel, identity);
    const content = new Content(earlier, size);
    const end = (last: () => void = () => undefined) => {
      if (!this.open.delete(partial)) return;
      content.failure ??= new Error('this partial has ended');
      last();
      if (this.open.size === 0) this.#news.emit('empty');
    };
    const id = randomUUID();
    const partial: PartialFile = {
      id,
      offset: earlier.length,
      write: async (bytes) => content.append(bytes),
      digest: (name) => {
        if (!algorithms.includes(name)) throw new RangeError(`${name} was not asked for`);
        return createHash(name).update(content.bytes).digest();
      },
      publish: async (name, { date, record, isExecutable } = {}) => {
        if (content.failure) throw content.failure;
        const folder = record ? this.#enter(record, record.offered.slice(0, -1)) : '';
        const free = this.#freeName(folder + name);
        if (isExecutable) this.programs.add(free);
        this.files.set(free, content.bytes);
        this.dates.set(free, date);
        this.published += 1;
        if (record) await this.#remember(id, free, record);
        end();
        return `/inbox/${free}`;
      },
      keep: async () => end(() => this.#keep(identity, size, content.bytes)),
      discard: async () => end(),
    };
    this.open.set(partial, wanted);
    return partial;
  }

  async makeFolder(owner: FileOwner, offered: readonly string[]): Promise<string> {
    return `/inbox/${this.#enter(owner, offered).slice(0, -1)}`;
  }

  async findFolder(
    { account, sealedBy }: FileOwner,
    offered: string[],
  ): Promise<string | undefined> {
    const made = this.folders.get(JSON.stringify([account, sealedBy, ...offered]));
    return made === undefined ? undefined : `/inbox/${made.slice(0, -1)}`;
  }

  async checkRoom({ account }: WantedPartial): Promise<void> {
    if (account !== undefined) this.ledger.checkRoom(account);
  }

  keptOf({ identity = '', size }: WantedPartial): number {
    return this.#sizes.get(identity) === size ? (this.kept.get(identity)?.length ?? 0) : 0;
  }

  hasRest(channel: string): boolean {
    return this.kept.has(this.#rests.get(channel) ?? '');
  }

  /** A file has changed where its bytes are others. */
  async look(record: FileRecord): Promise<FoundFile | undefined> {
    const { path, sha256 } = record;
    const isThere = this.ledger.holdsItsPath(record) && !this.replaced.has(path);
    const content = isThere ? this.files.get(path) : undefined;
    if (!content) return undefined;
    const isUnchanged = sha256Of(content) === sha256;
    return { path: `/inbox/${path}`, size: content.length, isUnchanged };
  }

  async setExecutable({ path }: FileRecord, isExecutable: boolean): Promise<void> {
    if (isExecutable) this.programs.add(path);
    else this.programs.delete(path);
  }

  async takeRequest(): Promise<boolean> {
    return false;
  }

  async endRequest(): Promise<void> {}

  async close(): Promise<void> {}

  async #remember(id: string, path: string, { isDue, ...record }: NewRecord): Promise<void> {
    const content = this.files.get(path) ?? Buffer.alloc(0);
    await this.ledger.add({
      ...{ id, ...record, path, size: content.length, sha256: sha256Of(content) },
      at: new Date(),
      trace: { inode: 0, born: 0, modified: 0, changed: 0 },
      ...(isDue ? { work: { state: 'due' } } : {}),
    });
  }

  /** What was kept of the file, if it is as large now as it was. */
  #takeKept(identity: string, size: number | undefined): Buffer {
    const isOther = this.#sizes.has(identity) && this.#sizes.get(identity) !== size;
    const kept = isOther ? undefined : this.kept.get(identity);
    this.kept.delete(identity);
    this.#sizes.delete(identity);
    return kept ?? Buffer.alloc(0);
  }

  /** One with more bytes stays. */
  #keep(identity: string, size: number | undefined, bytes: Buffer): void {
    const other = this.kept.get(identity)?.length ?? 0;
    if (!identity || bytes.length === 0 || bytes.length < other) return;
    this.kept.set(identity, bytes);
    this.#sizes.set(identity, size);
  }

  /** The path of a folder that was made for this owner and path, with a slash at the end. */
  #enter({ account, sealedBy }: FileOwner, offered: readonly string[]): string {
    let path = '';
    for (let depth = 1; depth <= offered.length; depth += 1) {
      const key = JSON.stringify([account, sealedBy, ...offered.slice(0, depth)]);
      const made = this.folders.get(key) ?? `${this.#freeName(path + offered[depth - 1])}/`;
      this.folders.set(key, made);
      path = made;
    }
    return path;
  }

  #isTaken(path: string): boolean {
    return this.files.has(path) || [...this.folders.values()].includes(`${path}/`);
  }

  #freeName(name: string): string {
    const [, stem = name, extension = ''] = /^(.+?)(\.[^.]*)?$/s.exec(name) ?? [];
    let free = name;
    for (let count = 1; this.#isTaken(free); count += 1) free = `${stem} (${count})${extension}`;
    return free;
  }
}

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

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
