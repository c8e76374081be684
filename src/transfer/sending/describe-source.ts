import { createHash, type Hash } from 'node:crypto';
import type { FileOffer } from '../../protocol/file-offer.js';
import { nodeNameOf } from '../../protocol/hash-functions.js';
import { counted } from './chunks.js';
import { plainOffer, type Source } from './source.js';

/** Hashed at a time: enough that reading costs little. */
const HASHED_BYTES = 256 * 1024;

/** What is known of a file, with its hashes, by XEP-0300 name: reads it once, where it can be read again. */
export async function describeSource(
  source: Source,
  signal: AbortSignal,
  algorithms: readonly string[] = ['sha-256'],
): Promise<FileOffer> {
  const offer = plainOffer(source);
  if (source.size === undefined) return offer;
  const hashes = new Map<string, Hash>();
  for (const one of algorithms) hashes.set(one, createHash(nodeNameOf(one) as string));
  const update = (bytes: Buffer) => {
    for (const hash of hashes.values()) hash.update(bytes);
  };
  // All reads share a buffer: at the speed of a disk, new ones would be garbage sooner than it is collected.
  for await (const bytes of counted(source, 0, { update }, Buffer.allocUnsafe(HASHED_BYTES))) {
    void bytes;
    signal.throwIfAborted();
  }
  return { ...offer, hashes: new Map([...hashes].map(([name, hash]) => [name, hash.digest()])) };
}
