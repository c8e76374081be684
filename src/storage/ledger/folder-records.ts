import { NoRoom } from '../../transfer/inbox-errors.js';
import type { FolderRecord, FolderTrace } from './folder-record.js';
import { folderLine, removedLine } from './record-lines.js';

/** The most folders of one account; all accounts together have at most twice as many. */
const MAX_FOLDERS = 10_000;

/** Adds a line to the ledger; with `isDurable`, so that a power cut would not undo that. */
type Append = (line: string, isDurable: boolean) => Promise<void>;

/** The folders of an inbox that were made for somebody. */
export class FolderRecords {
  /** By account and offered path. */
  readonly #byPlace = new Map<string, FolderRecord>();
  readonly #places = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#byPlace.size;
  }

  all(): Iterable<FolderRecord> {
    return this.#byPlace.values();
  }

  find(account: string, offered: readonly string[]): FolderRecord | undefined {
    return this.#byPlace.get(keyOf(account, offered));
  }

  /** Throws `NoRoom` where there are as many as may be. */
  checkRoom(account: string): void {
    const isFull = (this.#counts.get(account) ?? 0) >= MAX_FOLDERS || this.size >= 2 * MAX_FOLDERS;
    if (isFull) throw new NoRoom(`there are too many folders of ${account}`);
  }

  /** Adds a record, or puts it in the place of the one of the same account and path. */
  put(record: FolderRecord): void {
    const key = keyOf(record.account, record.offered);
    const before = this.#byPlace.get(key);
    if (before) this.drop(before.id);
    this.#byPlace.set(key, record);
    this.#places.set(record.id, key);
    this.#counts.set(record.account, (this.#counts.get(record.account) ?? 0) + 1);
  }

  drop(id: string): void {
    const key = this.#places.get(id) ?? '';
    const record = this.#byPlace.get(key);
    if (!record) return;
    this.#places.delete(id);
    this.#byPlace.delete(key);
    const count = (this.#counts.get(record.account) ?? 1) - 1;
    if (count > 0) this.#counts.set(record.account, count);
    else this.#counts.delete(record.account);
  }
}

/** The same, with each change in the ledger's file. */
export class WrittenFolders {
  readonly records: FolderRecords;
  readonly #append: Append;

  constructor(records: FolderRecords, append: Append) {
    this.records = records;
    this.#append = append;
  }

  /** The folder is to be made. Rejects where that cannot be written down. */
  async intend(record: FolderRecord): Promise<void> {
    this.records.put(record);
    try {
      await this.#append(folderLine(record), true);
    } catch (error) {
      this.records.drop(record.id);
      throw error;
    }
  }

  /** It was made. What is written of a file in it comes behind that. */
  async complete(record: FolderRecord, trace: FolderTrace): Promise<void> {
    const made = { ...record, trace };
    this.records.put(made);
    await this.#append(folderLine(made), false);
  }

  async forget({ id }: FolderRecord): Promise<void> {
    this.records.drop(id);
    await this.#append(removedLine(id), false);
  }
}

const keyOf = (account: string, offered: readonly string[]): string =>
  JSON.stringify([account, ...offered]);
