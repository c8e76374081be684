import { createHash } from 'node:crypto';

/** A parsed cid whose hash we can check. */
export interface ContentId {
  /** As in the cid: `sha1` (XEP-0231 §2.5) or an XEP-0300 name such as `sha-256`. */
  algorithm: string;
  /** Lower-case hex, of the algorithm's length. */
  hash: string;
}

/** Labels of a cid, and what Node calls them: `sha1` as XEP-0231 has it, the others as XEP-0300 §4. */
const NODE_NAMES: Record<string, string> = {
  sha1: 'sha1',
  'sha-1': 'sha1',
  'sha-224': 'sha224',
  'sha-256': 'sha256',
  'sha-384': 'sha384',
  'sha-512': 'sha512',
  'sha3-224': 'sha3-224',
  'sha3-256': 'sha3-256',
  'sha3-384': 'sha3-384',
  'sha3-512': 'sha3-512',
  'blake2b-512': 'blake2b512',
};

/** The labels that `digest` takes. */
export const HASH_ALGORITHMS: readonly string[] = Object.keys(NODE_NAMES);

/** Lower-case hex of the hash of `bytes`. Throws RangeError for an algorithm that is not in `HASH_ALGORITHMS`. */
export function digest(algorithm: string, bytes: Uint8Array): string {
  const name = Object.hasOwn(NODE_NAMES, algorithm) ? NODE_NAMES[algorithm] : undefined;
  if (!name)
    throw new RangeError(`unknown hash ${algorithm}; one of ${HASH_ALGORITHMS.join(', ')}`);
  return createHash(name).update(bytes).digest('hex');
}

/** The cid of `bytes` (XEP-0231 §2.5). */
export function contentIdOf(bytes: Uint8Array, algorithm: string): string {
  return formatContentId({ algorithm, hash: digest(algorithm, bytes) });
}

export function formatContentId({ algorithm, hash }: ContentId): string {
  return `${algorithm}+${hash}@bob.xmpp.org`;
}

/**
 * Reads `algo+hash@bob.xmpp.org`, with or without `cid:` before it (XEP-0231 §2.5, RFC 2392), in any case.
 * Returns `undefined` for a cid without a hash we can check.
 */
export function parseContentId(cid: string): ContentId | undefined {
  const match = /^(?:cid:)?([a-z0-9-]+)\+([0-9a-f]+)@bob\.xmpp\.org$/.exec(cid.toLowerCase());
  const [, algorithm = '', hash = ''] = match ?? [];
  if (!match || !Object.hasOwn(NODE_NAMES, algorithm)) return undefined;
  return hash.length === digest(algorithm, new Uint8Array()).length
    ? { algorithm, hash }
    : undefined;
}

/** Whether `bytes` are what the cid names. */
export function matches({ algorithm, hash }: ContentId, bytes: Uint8Array): boolean {
  return digest(algorithm, bytes) === hash;
}
