import type { WantedPartial } from '../../transfer/receiving/inbox.js';
import type { Files } from '../files.js';
import { removeOwn } from '../own-file.js';
import { hashed, type Journal, journalPath, journalText, partPath } from './journal.js';

/** A partial that nobody writes to. */
export interface Kept {
  id: string;
  journal: Journal;
}

interface Folder {
  files: Files;
  staging: string;
  now: () => number;
}

const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;
/** Partials of all accounts together: each could leave any number of small ones. */
const MAX_KEPT = 256;
/** Partials of one account: a few times what it has under way when its connection breaks. */
const MAX_KEPT_OF_ONE = 32;
/** Bytes of one account. Its last partial is kept whatever its size, as long as nobody needs the room. */
const MAX_BYTES_OF_ONE = 16 * 1024 ** 3;

/** The partials that wait for their transfer to come again. */
export class KeptPartials {
  readonly #files: Files;
  readonly #staging: string;
  /** Milliseconds since 1970. */
  readonly #now: () => number;
  readonly #maxBytesOfOne: number;
  /** By identity, those that came last at the end. */
  readonly #byIdentity = new Map<string, Kept>();

  /** `maxTotal`: bytes that the inbox may hold in all, half of which one account may leave behind. */
  constructor({ files, staging, now }: Folder, maxTotal = Number.POSITIVE_INFINITY) {
    this.#files = files;
    this.#staging = staging;
    this.#now = now;
    this.#maxBytesOfOne = Math.min(MAX_BYTES_OF_ONE, maxTotal / 2);
  }

  /** Keeps the larger one of two with one identity, and the last ones of too many. */
  async add(kept: Kept): Promise<void> {
    const { identity = '', durable } = kept.journal;
    const other = this.take(identity);
    const [best, worse] = other && other.journal.durable > durable ? [other, kept] : [kept, other];
    this.#byIdentity.set(identity, best);
    if (worse) await this.#remove(worse);
    const beyond = this.#beyondQuota(best.journal.account);
    const gone = beyond.map(({ journal }) => this.take(journal.identity ?? ''));
    for (const one of gone) await this.#remove(one);
  }

  /**
   * The partials that are too many after this account has added one: its own, or else those of the account with most.
   */
  #beyondQuota(account: string | undefined): Kept[] {
    const all = [...this.#byIdentity.values()];
    // Older versions did not write the account.
    const own =
      account === undefined ? [] : all.filter(({ journal }) => journal.account === account);
    const kept = own.slice(-MAX_KEPT_OF_ONE);
    while (kept.length > 1 && bytesOf(kept) > this.#maxBytesOfOne) kept.shift();
    const beyond = own.filter((one) => !kept.includes(one));
    return beyond.length === 0 && all.length > MAX_KEPT ? oldestOfMost(all) : beyond;
  }

  /** On the disk, with their journals. */
  get bytes(): number {
    return [...this.#byIdentity.values()].reduce((sum, kept) => sum + onDisk(kept), 0);
  }

  /** The same of the one that is wanted, whatever becomes of it. */
  bytesOnDisk(wanted: WantedPartial): number {
    const kept = this.#find(wanted);
    return kept ? onDisk(kept) : 0;
  }

  /**
   * Removes a partial that is more than its account may leave, and stays only while nobody needs its room. Resolves to
   * whether there was one.
   */
  async makeRoom(): Promise<boolean> {
    const large = [...this.#byIdentity.values()].find((kept) => this.#isTooLarge(kept));
    if (large) await this.#remove(this.take(large.journal.identity ?? ''));
    return large !== undefined;
  }

  /** Whether another one gives way where the one that is wanted needs the room. */
  mayGiveWayTo(wanted: WantedPartial): boolean {
    const own = this.#find(wanted);
    const others = [...this.#byIdentity.values()].filter((kept) => kept !== own);
    return others.some((kept) => this.#isTooLarge(kept) || isExpired(kept.journal, this.#now()));
  }

  #isTooLarge({ journal }: Kept): boolean {
    return journal.durable > this.#maxBytesOfOne;
  }

  /** Bytes of the one that is wanted, as its journal has them. */
  bytesFor(wanted: WantedPartial): number {
    const { journal } = this.#find(wanted) ?? {};
    if (!journal || journal.size !== wanted.size || isExpired(journal, this.#now())) return 0;
    return journal.durable;
  }

  #find({ identity }: WantedPartial): Kept | undefined {
    return identity === undefined ? undefined : this.#byIdentity.get(hashed(identity));
  }

  /** Hands over the one with this identity, if any. */
  take(identity: string): Kept | undefined {
    const kept = this.#byIdentity.get(identity);
    this.#byIdentity.delete(identity);
    return kept;
  }

  /** Whether one of them was to be gone on with by this channel, named as in its journal. */
  hasRest(channel: string): boolean {
    return [...this.#byIdentity.values()].some(({ journal }) => journal.channel === channel);
  }

  /** Removes those that nobody came for in 7 days, and that count no longer. */
  async removeExpired(): Promise<void> {
    for (const [identity, { journal }] of this.#byIdentity) {
      if (isExpired(journal, this.#now())) await this.#remove(this.take(identity));
    }
  }

  async #remove(kept: Kept | undefined): Promise<void> {
    if (kept) await removePartial(this.#files, this.#staging, kept.id);
  }
}

const onDisk = ({ journal }: Kept): number =>
  journal.durable + Buffer.byteLength(journalText(journal));

const bytesOf = (all: readonly Kept[]): number =>
  all.reduce((sum, { journal }) => sum + journal.durable, 0);

/** One: the first of the account that has the most. */
function oldestOfMost(all: readonly Kept[]): Kept[] {
  const counts = new Map<string | undefined, number>();
  const countOf = ({ journal }: Kept) => counts.get(journal.account) ?? 0;
  for (const one of all) counts.set(one.journal.account, countOf(one) + 1);
  const most = Math.max(...counts.values());
  return all.filter((one) => countOf(one) === most).slice(0, 1);
}

/** The clock may have been set either way since. */
export function isExpired({ updated }: Journal, now: number): boolean {
  return Math.abs(now - updated.getTime()) >= MAX_AGE_MS;
}

/** The journal goes first: what is then left is no partial to go on with, whatever happens. */
export async function removePartial(files: Files, staging: string, id: string): Promise<void> {
  await removeOwn(journalPath(staging, id), files);
  await removeOwn(partPath(staging, id), files);
}
