import type { FileRecord, WantedRecord } from '../../transfer/receiving/ledger.js';
import { digestOf } from './digest-of.js';
import { bytesOf, Shares } from './shares.js';

/** Records of files, found in the ways that a ledger looks for them. */
export class RecordSet {
  /** What may not be forgotten: what is under way, or due; and what may be. */
  readonly due = new Shares();
  readonly done = new Shares();
  /** By id, oldest first. */
  readonly #records = new Map<string, FileRecord>();
  /** The ids of an account's, oldest first. */
  readonly #ofAccount = new Map<string, Set<string>>();
  /** The ids of those that agree, oldest first. */
  readonly #agreeing = new Map<string, string[]>();
  /** By account and address: the ids of those that were fetched from there. */
  readonly #linked = new Map<string, Set<string>>();
  /** By path: the id of the last whose file got it. */
  readonly #holders = new Map<string, string>();

  get size(): number {
    return this.#records.size;
  }

  /** Bytes of memory. */
  get bytes(): number {
    return this.due.all + this.done.all;
  }

  values(): IterableIterator<FileRecord> {
    return this.#records.values();
  }

  get(id: string): FileRecord | undefined {
    return this.#records.get(id);
  }

  /** The ids of an account's, oldest first. */
  of(account: string): ReadonlySet<string> {
    return this.#ofAccount.get(account) ?? NONE;
  }

  bytesOf(account: string): number {
    return this.due.of(account) + this.done.of(account);
  }

  /** The records that agree in all of this, newest first. */
  agreeing(wanted: WantedRecord): FileRecord[] {
    const ids = this.#agreeing.get(digestOfWanted(wanted)) ?? [];
    return ids.toReversed().flatMap((id) => this.#records.get(id) ?? []);
  }

  /** Whether a file of this account was fetched from there, and has arrived. */
  hasLink(account: string, linkId: string): boolean {
    const ids = this.#linked.get(digestOf(account, linkId)) ?? NONE;
    return [...ids].some((id) => !this.#records.get(id)?.isArriving);
  }

  /** Whether no later file got the path of this one, which must be gone by then. */
  holdsItsPath({ id, path }: FileRecord): boolean {
    return (this.#holders.get(path) ?? id) === id;
  }

  /** Adds a record, or puts it in the place of the one with its id. */
  set(record: FileRecord): void {
    const { id, account } = record;
    const before = this.#records.get(id);
    if (before) this.#sharesOf(before).add(before.account, -costOf(before));
    this.#records.set(id, record);
    this.#sharesOf(record).add(account, costOf(record));
    if (!record.isArriving && (!before || before.isArriving)) this.#takePath(record);
    if (before) return;
    this.#ofAccount.set(account, (this.#ofAccount.get(account) ?? new Set()).add(id));
    this.#link(record);
    const key = digestOfWanted(record);
    const ids = this.#agreeing.get(key);
    if (ids) ids.push(id);
    else this.#agreeing.set(key, [id]);
  }

  delete(id: string): void {
    const record = this.#records.get(id);
    if (!record) return;
    this.#records.delete(id);
    this.#sharesOf(record).add(record.account, -costOf(record));
    const own = this.#ofAccount.get(record.account);
    own?.delete(id);
    if (own?.size === 0) this.#ofAccount.delete(record.account);
    if (this.#holders.get(record.path) === id) this.#holders.delete(record.path);
    this.#unlink(record);
    const key = digestOfWanted(record);
    const others = this.#agreeing.get(key)?.filter((other) => other !== id) ?? [];
    if (others.length > 0) this.#agreeing.set(key, others);
    else this.#agreeing.delete(key);
  }

  #link({ id, account, linkId }: FileRecord): void {
    if (linkId === undefined) return;
    const key = digestOf(account, linkId);
    this.#linked.set(key, (this.#linked.get(key) ?? new Set()).add(id));
  }

  #unlink({ id, account, linkId }: FileRecord): void {
    if (linkId === undefined) return;
    const key = digestOf(account, linkId);
    const ids = this.#linked.get(key);
    ids?.delete(id);
    if (ids?.size === 0) this.#linked.delete(key);
  }

  #sharesOf(record: FileRecord): Shares {
    return isDue(record) ? this.due : this.done;
  }

  /** No file is replaced: where one has got this path, the one that had it is gone, and nothing can be done for it. */
  #takePath({ id, path }: FileRecord): void {
    const before = this.#records.get(this.#holders.get(path) ?? '');
    this.#holders.set(path, id);
    const isLeft = before?.work?.state === 'due' || before?.work?.state === 'failed';
    if (before && isLeft) this.set({ ...before, work: { state: 'gone' } });
  }
}

const NONE: ReadonlySet<string> = new Set();

/** It may not be forgotten: it is under way, or something is to be done for it. */
export const isDue = ({ isArriving, work }: FileRecord): boolean =>
  isArriving === true || work?.state === 'due';

/** Bytes that a record takes, its places in the tables included, beside its texts. */
const RECORD_BYTES = 1_000;

const costOf = ({ account, peer, path, offered }: FileRecord): number =>
  RECORD_BYTES + bytesOf(account, peer, path, ...offered);

const digestOfWanted = ({ account, offered, size, sha256, sealedBy = '' }: WantedRecord): string =>
  digestOf(account, offered, size, sha256, sealedBy);
