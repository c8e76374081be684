import { createHash, type Hash } from 'node:crypto';
import type { FileOffer } from '../../protocol/file-offer.js';
import { nodeNameOf } from '../../protocol/hashes/hash-functions.js';
import { READ_BYTES } from '../sources/read-file.js';
import { plainOffer, type Source } from '../sources/source.js';
import { counted } from './chunks.js';

/** What is known of a file, with its hashes, by XEP-0300 name: reads it once, where it can be read again. */
export async function describeSource(
  source: Source,
  signal: AbortSignal,
  algorithms: readonly string[] = ['sha-256'],
  onRead: (bytes: number) => void = () => undefined,
): Promise<FileOffer> {
  const offer = plainOffer(source);
  if (source.size === undefined) return offer;
  const hashes = new Map<string, Hash>();
  for (const one of algorithms) hashes.set(one, createHash(nodeNameOf(one) as string));
  const update = (bytes: Buffer) => {
    for (const hash of hashes.values()) hash.update(bytes);
    onRead(bytes.length);
  };
  // All reads share a buffer: at the speed of a disk, new ones would be garbage sooner than it is collected.
  for await (const bytes of counted(
    source,
    0,
    { update },
    Buffer.allocUnsafe(Math.min(READ_BYTES, source.size + 1)),
  )) {
    void bytes;
    signal.throwIfAborted();
  }
  return { ...offer, hashes: new Map([...hashes].map(([name, hash]) => [name, hash.digest()])) };
}

/** What is known of sources, each of which is read once for a hash, whoever it goes to. */
export class Descriptions {
  readonly #signal: AbortSignal;
  readonly #hashes = new WeakMap<Source, Map<string, Promise<Buffer | undefined>>>();

  /** Bytes, of those that are being read. */
  readonly #read = new WeakMap<Source, number>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** How much of a source has been read, of 1. */
  readonly shareRead = (source: Source): number | undefined => {
    const bytes = this.#read.get(source);
    return bytes === undefined ? undefined : Math.min(1, bytes / Math.max(1, source.size ?? 0));
  };

  /** As `describeSource` does. */
  readonly describe = async (source: Source, algorithms: readonly string[]): Promise<FileOffer> => {
    if (source.size === undefined) return plainOffer(source);
    const known = this.#hashes.get(source) ?? new Map<string, Promise<Buffer | undefined>>();
    this.#hashes.set(source, known);
    const unknown = algorithms.filter((one) => !known.has(one));
    if (unknown.length > 0) {
      this.#read.set(source, 0);
      const onRead = (bytes: number) =>
        void this.#read.set(source, (this.#read.get(source) ?? 0) + bytes);
      const read = describeSource(source, this.#signal, unknown, onRead);
      for (const one of unknown) known.set(one, this.#hashOf(read, one, known));
    }
    const hashes = new Map<string, Buffer>();
    for (const one of algorithms) hashes.set(one, (await known.get(one)) as Buffer);
    return { ...plainOffer(source), hashes };
  };

  /** What could not be read may be readable the next time. */
  async #hashOf(
    read: Promise<FileOffer>,
    algorithm: string,
    known: Map<string, unknown>,
  ): Promise<Buffer | undefined> {
    try {
      return (await read).hashes?.get(algorithm);
    } catch (error) {
      known.delete(algorithm);
      throw error;
    }
  }
}
