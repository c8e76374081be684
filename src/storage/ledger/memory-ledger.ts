import { NoRoom } from '../../transfer/inbox-errors.js';
import type {
  FileRecord,
  Ledger,
  RecordChanges,
  WantedRecord,
} from '../../transfer/receiving/ledger.js';
import { isDue, RecordSet } from './record-set.js';

/** How much is remembered; something is forgotten only when nothing is to be done for it. */
export interface LedgerLimits {
  /** Records of one account; of all together there are at most twice as many. */
  maxRecords?: number | undefined;
  /** Milliseconds until a record is forgotten. */
  maxAge?: number | undefined;
}

const MAX_RECORDS = 10_000;
const MAX_AGE_MS = 90 * 24 * 60 * 60 * 1000;
/**
 * Bytes of memory that an account gets for each record that it may have: with names as people give them one takes some
 * 1,300, with the longest ones 24,000.
 */
const BYTES_EACH = 2_048;
/** However many an account may have. */
const MAX_BYTES = 64 * 1024 * 1024;
/** For so many files something may be to be done, however few are remembered after that. */
const MIN_DUE = 100;
/** A file may have been sent again on purpose any number of times. */
const MAX_FOUND = 8;

/** A ledger in memory: it ends with its process. */
export class MemoryLedger implements Ledger {
  readonly #maxRecords: number;
  readonly #maxBytes: number;
  readonly #maxAge: number;
  readonly #now: () => number;
  readonly #records = new RecordSet();

  /** `now`: milliseconds since 1970. */
  constructor({ maxRecords, maxAge }: LedgerLimits = {}, now: () => number = Date.now) {
    this.#maxRecords = maxRecords ?? MAX_RECORDS;
    this.#maxBytes = Math.min(Math.max(this.#maxRecords, MIN_DUE) * BYTES_EACH, MAX_BYTES);
    this.#maxAge = maxAge ?? MAX_AGE_MS;
    this.#now = now;
  }

  /** Bytes of memory, about. */
  get bytes(): number {
    return this.#records.bytes;
  }

  checkRoom(account: string): void {
    const { due } = this.#records;
    if (due.hasRoom(account, this.#maxBytes, 2 * this.#maxBytes)) return;
    const whose = due.of(account) < this.#maxBytes ? 'that arrived' : `of ${account}`;
    throw new NoRoom(`too many files ${whose} still wait for --exec`, true);
  }

  async add(record: FileRecord): Promise<void> {
    this.put(record);
  }

  async change(id: string, changes: RecordChanges): Promise<void> {
    const record = this.#records.get(id);
    if (record) this.#records.set({ ...record, ...changes });
  }

  async remove(id: string): Promise<void> {
    this.#records.delete(id);
  }

  find(wanted: WantedRecord): FileRecord[] {
    this.#forgetOld();
    return this.#records
      .agreeing(wanted)
      .filter(({ isArriving }) => !isArriving)
      .slice(0, MAX_FOUND);
  }

  hasLink(account: string, linkId: string): boolean {
    this.#forgetOld();
    return this.#records.hasLink(account, linkId);
  }

  records(): Iterable<FileRecord> {
    return this.#records.values();
  }

  /** The record with this id. */
  get(id: string): FileRecord | undefined {
    return this.#records.get(id);
  }

  /** Whether the file at the path of the record may be its own: none got it later. */
  holdsItsPath(record: FileRecord): boolean {
    return this.#records.holdsItsPath(record);
  }

  /** Adds a record, or puts it in the place of the one with the same id. */
  put(record: FileRecord): void {
    const isNew = !this.#records.get(record.id);
    this.#records.set(record);
    if (isNew) this.#forgetMost(record.account);
  }

  #forgetMost(account: string): void {
    const records = this.#records;
    this.#forgetOld();
    while (records.of(account).size > this.#maxRecords || this.#isTooLarge(account)) {
      if (!this.#forgetFirst(account)) break;
    }
    while (records.size > 2 * this.#maxRecords || records.bytes > 2 * this.#maxBytes) {
      if (!this.#forgetFirst(records.done.most() ?? account)) break;
    }
  }

  #isTooLarge(account: string): boolean {
    return this.#records.bytesOf(account) > this.#maxBytes;
  }

  /** The oldest of an account that may be forgotten, if there is one. */
  #forgetFirst(account: string): boolean {
    for (const id of this.#records.of(account)) {
      const record = this.#records.get(id);
      if (!record || isDue(record)) continue;
      this.#records.delete(id);
      return true;
    }
    return false;
  }

  /** They stand in the order of their age; but the clock may have been set either way since. */
  #forgetOld(): void {
    for (const record of this.#records.values()) {
      if (Math.abs(this.#now() - record.at.getTime()) < this.#maxAge) return;
      if (!isDue(record)) this.#records.delete(record.id);
    }
  }
}
