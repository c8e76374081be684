import { createHash, type Hash } from 'node:crypto';

/** Hashes of the same bytes by several algorithms, sha256 among them. */
export class Hashes {
  readonly #hashes: Map<string, Hash>;

  /** Throws for a name that `createHash` does not know. */
  constructor(algorithms: readonly string[] = []) {
    this.#hashes = new Map(['sha256', ...algorithms].map((name) => [name, createHash(name)]));
  }

  update(bytes: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(bytes);
  }

  /** The digest of the bytes so far. RangeError for an algorithm that was not asked for. */
  digest(algorithm: string): Buffer {
    const hash = this.#hashes.get(algorithm);
    if (!hash) throw new RangeError(`no ${algorithm} was asked for`);
    return hash.copy().digest();
  }
}
