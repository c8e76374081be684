import type { PartialFile, PublishOptions } from '../../transfer/receiving/inbox.js';
import { type InTurn, inTurn } from '../in-turn.js';
import type { InboxLedger } from '../ledger/ledger-on-disk.js';
import type { MadeFolders } from '../naming/made-folders.js';
import { safeName } from '../safe-name.js';
import type { KeptPartials } from './kept-partials.js';
import { NamePartial } from './name-partial.js';
import { type OpenPart, PartFile, type PartFolders } from './part-file.js';

/** What the partials of an inbox share. */
export interface Shared extends PartFolders {
  /** Syncs run one at a time: Node has four threads for the file system, and a slow disk would take them all. */
  syncInTurn: InTurn;
  kept: KeptPartials;
  ledger: InboxLedger;
  folders: MadeFolders;
  /** Rejects where the folder is not ours any more; `age`: how many milliseconds the last look may be ago. */
  check(age?: number): Promise<void>;
}

// A crash loses what came since the last sync.
const SYNC_BYTES = 4 * 1024 * 1024;
const SYNC_MS = 2000;
/** Bytes by which writing may run ahead of a slow disk. */
const MAX_UNSYNCED_BYTES = 4 * SYNC_BYTES;
/**
 * Less than the 30 s after which another process may take us for dead, as after a sleep, and go on with the partial.
 */
const LOOK_MS = 10_000;

/** A partial on disk. Syncs go on beside the writing, and are only for those that can be kept. */
export class Partial implements PartialFile {
  readonly id: string;
  readonly offset: number;
  readonly #file: PartFile;
  readonly #shared: Shared;
  readonly #inTurn = inTurn();
  #syncedAt: number;
  /** Never rejects. */
  #syncing?: Promise<void>;
  /** Why nothing more is taken. */
  #failure?: Error;
  /** Bytes that the system could not write are lost, and a second sync would not say so. */
  #syncFailed = false;
  #isNamed = false;
  #ended = false;

  constructor(part: OpenPart, shared: Shared) {
    this.#file = new PartFile(part, shared);
    this.#shared = shared;
    this.id = part.id;
    this.offset = this.#file.size;
    this.#syncedAt = shared.now();
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      await this.#unlessFailed(async () => {
        await this.#shared.check(LOOK_MS);
        await this.#file.append(bytes);
      });
      await this.#syncIfDue();
    });
  }

  digest(algorithm: string): Buffer {
    return this.#file.digest(algorithm);
  }

  publish(name: string, options: PublishOptions = {}): Promise<string> {
    return this.#inTurn(async () => {
      await this.#syncing;
      const naming = new NamePartial(this.#file, options.record, this.#shared);
      const path = await this.#unlessFailed(() => this.#place(safeName(name), options, naming));
      // The file has arrived; what cannot be removed or written now is when the inbox is next opened.
      await this.#end(() => this.#file.remove())
        .then(() => naming.complete())
        .catch(() => undefined);
      return path;
    });
  }

  keep(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#ended) return;
      await this.#syncing;
      // What has its name is no partial any more, though the name may not be durable; it must not be cut, nor written to.
      if (this.#isNamed) return this.#end(() => this.#file.remove());
      try {
        await this.#syncLast();
      } finally {
        await this.#end(() => this.#leave());
      }
    });
  }

  discard(): Promise<void> {
    return this.#inTurn(() => this.#end(() => this.#file.remove()));
  }

  async #unlessFailed<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure) throw this.#failure;
    try {
      return await work();
    } catch (error) {
      this.#failure ??= error as Error;
      throw error;
    }
  }

  async #place(
    name: string,
    { date, isExecutable }: PublishOptions,
    naming: NamePartial,
  ): Promise<string> {
    // Before the sync, so that no crash leaves the name without them.
    if (date) await this.#file.setDate(date);
    if (isExecutable) await this.#file.makeExecutable();
    await this.#sync(() => this.#file.sync());
    await this.#shared.check();
    await this.#file.mustBeThere();
    return naming.name(name, () => {
      this.#isNamed = true;
    });
  }

  /** Waits for the disk only when it is too far behind. */
  async #syncIfDue(): Promise<void> {
    const { identity, durable } = this.#file.journal;
    if (!identity) return;
    const unsynced = this.#file.size - durable;
    const waited = Math.abs(this.#shared.now() - this.#syncedAt);
    if (!this.#syncing && (unsynced >= SYNC_BYTES || waited >= SYNC_MS)) {
      this.#syncing = this.#checkpoint()
        .catch(() => undefined) // the next write or `publish` tells
        .finally(() => {
          this.#syncing = undefined;
        });
    }
    if (unsynced >= MAX_UNSYNCED_BYTES) await this.#syncing;
  }

  async #checkpoint(): Promise<void> {
    this.#syncedAt = this.#shared.now();
    await this.#sync(() => this.#shared.syncInTurn(() => this.#file.checkpoint()));
  }

  async #sync(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#syncFailed = true;
      this.#failure ??= error as Error;
      throw error;
    }
  }

  async #syncLast(): Promise<void> {
    if (!this.#file.journal.identity || this.#syncFailed) return;
    // The journal needs a little room, even on a full disk.
    if (this.#failure) await this.#file.cut();
    await this.#checkpoint();
  }

  async #end(last: () => Promise<void>): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure ??= new Error('this partial has ended');
    await this.#syncing;
    try {
      await this.#file.close();
    } finally {
      await last().finally(() => this.#file.release());
    }
  }

  async #leave(): Promise<void> {
    const { id, journal } = this.#file;
    if (!journal.identity || journal.durable === 0) return this.#file.remove();
    const added = this.#shared.kept.add({ id, journal });
    // It is counted there from now on.
    this.#file.release();
    await added;
  }
}
