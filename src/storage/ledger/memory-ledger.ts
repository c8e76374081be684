import { createHash } from 'node:crypto';
import { NoRoom } from '../../transfer/inbox-errors.js';
import type {
  FileRecord,
  Ledger,
  RecordChanges,
  WantedRecord,
} from '../../transfer/receiving/ledger.js';

export interface LedgerLimits {
  /** Records of one account; of all together there are at most twice as many. */
  maxRecords?: number | undefined;
  /** Milliseconds until a record is forgotten. */
  maxAge?: number | undefined;
}

/** A record takes some 1,100 bytes of memory. */
const MAX_RECORDS = 10_000;
const MAX_AGE_MS = 90 * 24 * 60 * 60 * 1000;
/** For so many files something may be to be done, however few are remembered after that. */
const MIN_DUE = 100;
/** A file may have been sent again on purpose any number of times. */
const MAX_FOUND = 8;

/** A ledger in memory: it ends with its process. */
export class MemoryLedger implements Ledger {
  readonly #maxRecords: number;
  readonly #maxAge: number;
  readonly #now: () => number;
  /** By id, oldest first. */
  readonly #records = new Map<string, FileRecord>();
  /** The ids of an account's, oldest first. */
  readonly #ofAccount = new Map<string, Set<string>>();
  /** The ids of those that agree, oldest first. */
  readonly #agreeing = new Map<string, string[]>();

  /** `now`: milliseconds since 1970. */
  constructor({ maxRecords, maxAge }: LedgerLimits = {}, now: () => number = Date.now) {
    this.#maxRecords = maxRecords ?? MAX_RECORDS;
    this.#maxAge = maxAge ?? MAX_AGE_MS;
    this.#now = now;
  }

  get size(): number {
    return this.#records.size;
  }

  checkRoom(account: string): void {
    const own = this.#ofAccount.get(account) ?? new Set();
    if (this.#isFull(own, this.#maxRecords)) {
      throw new NoRoom(`too much is still to be done for files of ${account}`, true);
    }
    if (this.#isFull(this.#records, this.#maxOfAll)) {
      throw new NoRoom('too much is still to be done for files that arrived', true);
    }
  }

  async add(record: FileRecord): Promise<void> {
    this.put(record);
  }

  async change(id: string, changes: RecordChanges): Promise<void> {
    const record = this.#records.get(id);
    if (record) this.put({ ...record, ...changes });
  }

  async remove(id: string): Promise<void> {
    this.#forget(id);
  }

  find(wanted: WantedRecord): FileRecord[] {
    this.#forgetOld();
    const ids = this.#agreeing.get(keyOf(wanted)) ?? [];
    return [...ids]
      .reverse()
      .flatMap((id) => this.#records.get(id) ?? [])
      .filter(hasArrived)
      .slice(0, MAX_FOUND);
  }

  records(): Iterable<FileRecord> {
    return this.#records.values();
  }

  get(id: string): FileRecord | undefined {
    return this.#records.get(id);
  }

  /** Adds a record, or puts it in the place of the one with the same id. */
  put(record: FileRecord): void {
    const { id, account } = record;
    const isNew = !this.#records.has(id);
    this.#records.set(id, record);
    if (!isNew) return;
    const own = this.#ofAccount.get(account) ?? new Set();
    this.#ofAccount.set(account, own.add(id));
    const key = keyOf(record);
    this.#agreeing.set(key, [...(this.#agreeing.get(key) ?? []), id]);
    this.#forgetOld();
    if (own.size > this.#maxRecords) this.#forgetFirst(own);
    if (this.size > this.#maxOfAll) this.#forgetFirst(this.#most());
  }

  get #maxOfAll(): number {
    return 2 * this.#maxRecords;
  }

  /** What is under way, or due, stays. */
  readonly #isDue = (id: string): boolean => {
    const { isArriving, work } = this.#records.get(id) ?? {};
    return isArriving === true || work?.state === 'due';
  };

  #isFull(ids: { size: number; keys(): Iterable<string> }, max: number): boolean {
    if (ids.size < Math.max(max, MIN_DUE)) return false;
    for (const id of ids.keys()) if (!this.#isDue(id)) return false;
    return true;
  }

  /** The ids of the account that has the most. */
  #most(): Set<string> {
    return [...this.#ofAccount.values()].reduce((most, ids) => (ids.size > most.size ? ids : most));
  }

  /** The oldest that may be forgotten, if there is one. */
  #forgetFirst(ids: Iterable<string>): void {
    for (const id of ids) if (!this.#isDue(id)) return this.#forget(id);
  }

  /** They stand in the order of their age; but the clock may have been set either way since. */
  #forgetOld(): void {
    for (const [id, { at }] of this.#records) {
      if (Math.abs(this.#now() - at.getTime()) < this.#maxAge) return;
      if (!this.#isDue(id)) this.#forget(id);
    }
  }

  #forget(id: string): void {
    const record = this.#records.get(id);
    if (!record) return;
    this.#records.delete(id);
    const own = this.#ofAccount.get(record.account);
    own?.delete(id);
    if (own?.size === 0) this.#ofAccount.delete(record.account);
    const key = keyOf(record);
    const others = this.#agreeing.get(key)?.filter((other) => other !== id) ?? [];
    if (others.length > 0) this.#agreeing.set(key, others);
    else this.#agreeing.delete(key);
  }
}

const hasArrived = ({ isArriving }: FileRecord): boolean => !isArriving;

/** A hash of what must agree: short, whatever is in it. */
function keyOf({ account, offered, size, sha256, sealedBy = '' }: WantedRecord): string {
  const text = JSON.stringify([account, offered, size, sha256, sealedBy]);
  return createHash('sha256').update(text).digest('base64');
}
