import type { FileOwner } from '../../transfer/receiving/ledger.js';
import { digestOf } from './digest-of.js';
import type { FolderRecord, FolderTrace } from './folder-record.js';
import { folderLine, removedLine } from './record-lines.js';
import { bytesOf, Shares } from './shares.js';

/** Bytes of memory that the folders of one account may take: some 10,000, with names as people give them. */
const MAX_BYTES = 10 * 1024 * 1024;
/** Bytes that those of all accounts together may take. */
const MAX_BYTES_OF_ALL = 4 * MAX_BYTES;
/** Bytes that a record takes, its places in the tables included, beside its texts. */
const RECORD_BYTES = 800;

/** Adds a line to the ledger; with `isDurable`, so that a power cut would not undo that. */
type Append = (line: string, isDurable: boolean) => Promise<void>;

/** The folders of an inbox that were made for somebody. */
export class FolderRecords {
  /** By owner and offered path. */
  readonly #byPlace = new Map<string, FolderRecord>();
  readonly #places = new Map<string, string>();
  readonly #shares = new Shares();

  /** Bytes of memory, about. */
  get bytes(): number {
    return this.#shares.all;
  }

  all(): Iterable<FolderRecord> {
    return this.#byPlace.values();
  }

  find(owner: FileOwner, offered: readonly string[]): FolderRecord | undefined {
    return this.#byPlace.get(placeOf(owner, offered));
  }

  /** Whether an account may have others, of so many bytes: there may be too many of it, or of all. */
  hasRoom(account: string, bytes = 0): boolean {
    return this.#shares.hasRoom(account, MAX_BYTES, MAX_BYTES_OF_ALL, bytes);
  }

  /** Adds a record, or puts it in the place of the one of the same owner and path. */
  put(record: FolderRecord): void {
    const key = placeOf(record, record.offered);
    const before = this.#byPlace.get(key);
    if (before) this.drop(before.id);
    this.#byPlace.set(key, record);
    this.#places.set(record.id, key);
    this.#shares.add(record.account, bytesOfFolder(record));
  }

  /** Puts back one that was written down, as far as there is room. */
  restore(record: FolderRecord): void {
    if (this.find(record, record.offered) || this.hasRoom(record.account)) this.put(record);
  }

  drop(id: string): void {
    const key = this.#places.get(id) ?? '';
    const record = this.#byPlace.get(key);
    if (!record) return;
    this.#places.delete(id);
    this.#byPlace.delete(key);
    this.#shares.add(record.account, -bytesOfFolder(record));
  }
}

/** Bytes of memory that a record takes. */
export const bytesOfFolder = ({
  account,
  path,
  offered,
}: Pick<FolderRecord, 'account' | 'path' | 'offered'>): number =>
  RECORD_BYTES + bytesOf(account, path, ...offered);

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

const placeOf = ({ account, sealedBy = '' }: FileOwner, offered: readonly string[]): string =>
  digestOf(account, offered, sealedBy);
