import type { Files } from './files.js';
import { type Journal, journalPath, partPath } from './journal.js';

/** A partial that nobody writes to. */
export interface Kept {
  id: string;
  journal: Journal;
}

const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;
/** Whoever may send could leave any number of small ones. */
const MAX_KEPT = 256;

/** The partials that wait for their transfer to come again. */
export class KeptPartials {
  readonly #files: Files;
  readonly #staging: string;
  readonly #byIdentity = new Map<string, Kept>();

  constructor(files: Files, staging: string) {
    this.#files = files;
    this.#staging = staging;
  }

  /** Of two with one identity, that with more bytes stays; of too many, those that came last. */
  async add(kept: Kept): Promise<void> {
    const { identity = '', durable } = kept.journal;
    const other = this.take(identity);
    const [best, worse] = other && other.journal.durable > durable ? [other, kept] : [kept, other];
    this.#byIdentity.set(identity, best);
    if (worse) await this.#remove(worse);
    const [[oldest] = ['']] = this.#byIdentity;
    if (this.#byIdentity.size > MAX_KEPT) await this.#remove(this.take(oldest));
  }

  /** Hands over the one with this identity, if any. */
  take(identity: string): Kept | undefined {
    const kept = this.#byIdentity.get(identity);
    this.#byIdentity.delete(identity);
    return kept;
  }

  /** Whether one of them was to be gone on with by this bytestream, named as in its journal. */
  hasRest(bytestream: string): boolean {
    return [...this.#byIdentity.values()].some(({ journal }) => journal.bytestream === bytestream);
  }

  /** Removes those that nobody came for in 7 days; `now` in milliseconds since 1970. */
  async removeExpired(now: number): Promise<void> {
    for (const [identity, { journal }] of this.#byIdentity) {
      if (isExpired(journal, now)) await this.#remove(this.take(identity));
    }
  }

  async #remove(kept: Kept | undefined): Promise<void> {
    if (kept) await removePartial(this.#files, this.#staging, kept.id);
  }
}

/** The clock may have been set either way since. */
export function isExpired({ updated }: Journal, now: number): boolean {
  return Math.abs(now - updated.getTime()) >= MAX_AGE_MS;
}

/** The journal goes first: what is then left is no partial to go on with, whatever happens. */
export async function removePartial(files: Files, staging: string, id: string): Promise<void> {
  await files.rm(journalPath(staging, id), { force: true });
  await files.rm(partPath(staging, id), { force: true });
}
