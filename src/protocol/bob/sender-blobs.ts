import type { BitOfBinary } from './bit-of-binary.js';

/** Ours; 64 KiB each at the most. The oldest go first. */
const MAX_BLOBS = 100;

/**
 * Blobs whose hash cannot be checked, each for the JID that it came from alone (XEP-0231 §2.4): what one peer
 * calls a cid says nothing of what another means. Never on disk, and gone with the session.
 */
export class SenderBlobs {
  readonly #blobs = new Map<string, { blob: BitOfBinary; until: number }>();
  readonly #now: () => number;

  /** `now`: milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get(sender: string, cid: string): BitOfBinary | undefined {
    const kept = this.#blobs.get(entryOf(sender, cid));
    return kept && this.#now() < kept.until ? kept.blob : undefined;
  }

  set(sender: string, blob: BitOfBinary): void {
    const key = entryOf(sender, blob.cid);
    const { maxAge = Number.POSITIVE_INFINITY } = blob;
    this.#blobs.delete(key);
    this.#blobs.set(key, { blob, until: this.#now() + maxAge * 1000 });
    const [oldest] = this.#blobs.keys();
    if (this.#blobs.size > MAX_BLOBS && oldest) this.#blobs.delete(oldest);
  }
}

const entryOf = (sender: string, cid: string) => JSON.stringify([sender, cid]);
