import { createHash } from 'node:crypto';
import { HASH_FUNCTIONS, nodeNameOf } from '../hashes/hash-functions.js';

/** A parsed cid whose hash we can check. */
export interface ContentId {
  /** As in the cid: `sha1` (XEP-0231 §2.5) or an XEP-0300 name such as `sha-256`. */
  algorithm: string;
  /** Lower-case hex, of the algorithm's length. */
  hash: string;
}

/**
 * Labels of a cid, and what Node calls them: `sha1` as XEP-0231 has it, the others as XEP-0300. MD5 is left out:
 * XEP-0414 forbids it, for anyone can make two blobs of one hash.
 */
const NODE_NAMES = new Map([
  ['sha1', 'sha1'],
  ...HASH_FUNCTIONS.filter((name) => name !== 'md5').map((name): [string, string] => [
    name,
    nodeNameOf(name) as string,
  ]),
]);

/** The hash functions of a cid that is checked, by their names in it: `sha1` (XEP-0231 §2.5), others as in XEP-0300. */
export const HASH_ALGORITHMS: readonly string[] = [...NODE_NAMES.keys()];

/** What was given cannot be a blob, or the cid of one. */
export class MalformedBlob extends RangeError {
  override readonly name = 'MalformedBlob';
}

/** Lower-case hex of the hash of `bytes`. Throws RangeError for an algorithm that is not in `HASH_ALGORITHMS`. */
export function digest(algorithm: string, bytes: Uint8Array): string {
  const name = NODE_NAMES.get(algorithm);
  if (!name)
    throw new RangeError(`unknown hash ${algorithm}; one of ${HASH_ALGORITHMS.join(', ')}`);
  return createHash(name).update(bytes).digest('hex');
}

/** The cid of `bytes` (XEP-0231 §2.5). */
export function contentIdOf(bytes: Uint8Array, algorithm: string): string {
  return formatContentId({ algorithm: label(algorithm), hash: digest(algorithm, bytes) });
}

/** §2.5: of SHA-1 it is always `sha1`. */
const label = (algorithm: string) => (algorithm === 'sha-1' ? 'sha1' : algorithm);

export function formatContentId({ algorithm, hash }: ContentId): string {
  return `${algorithm}+${hash}@bob.xmpp.org`;
}

/**
 * Reads `algo+hash@bob.xmpp.org`, with or without `cid:` before it (XEP-0231 §2.5, RFC 2392), in any case.
 * Returns `undefined` for a cid without a hash we can check.
 */
export function parseContentId(cid: string): ContentId | undefined {
  const text = withoutScheme(cid).toLowerCase();
  const match = /^([a-z0-9-]+)\+([0-9a-f]+)@bob\.xmpp\.org$/.exec(text);
  const [, algorithm = '', hash = ''] = match ?? [];
  if (!match || !NODE_NAMES.has(algorithm)) return undefined;
  return hash.length === digest(algorithm, new Uint8Array()).length
    ? { algorithm: label(algorithm), hash }
    : undefined;
}

/**
 * The one spelling of a cid or `cid:` URI, by which a blob is stored. One whose hash we cannot check stays as
 * it is. Throws `MalformedBlob` for what cannot be a cid (RFC 2392: an address, of visible ASCII).
 */
export function readContentId(text: string): string {
  const id = parseContentId(text);
  if (id) return formatContentId(id);
  const cid = withoutScheme(text);
  if (!/^[!-~]{1,1023}$/.test(cid)) throw new MalformedBlob(`${JSON.stringify(text)} is not a cid`);
  return cid;
}

/** Whether it names a hash function that we know and has no hash of that: a slip of whoever typed it. */
export function isMisspelt(cid: string): boolean {
  const [, algorithm = ''] =
    /^([^+]+)\+.*@bob\.xmpp\.org$/.exec(withoutScheme(cid).toLowerCase()) ?? [];
  return NODE_NAMES.has(algorithm) && !parseContentId(cid);
}

/** RFC 2392 §2: in a URI the cid is percent-encoded. */
function withoutScheme(text: string): string {
  if (!/^cid:/i.test(text)) return text;
  try {
    return decodeURIComponent(text.slice('cid:'.length));
  } catch {
    return text;
  }
}

/** Whether `bytes` are what the cid names. */
export function matches({ algorithm, hash }: ContentId, bytes: Uint8Array): boolean {
  return digest(algorithm, bytes) === hash;
}
