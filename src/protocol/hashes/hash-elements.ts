// XEP-0300 Use of Cryptographic Hash Functions 1.0: hashes as elements. Sends nothing, keeps no state.
import { createHash } from 'node:crypto';
import { type Element, xml } from '../../session/xml.js';
import { decodeBase64, encodeBase64 } from '../base64.js';
import { badRequest } from '../conditions.js';
import { HASH_FUNCTIONS, nodeNameOf } from './hash-functions.js';

const NS_HASHES = 'urn:xmpp:hashes:2';

/** §4: what is advertised; not what XEP-0414 wants nobody to use. */
export const HASH_FEATURES: readonly string[] = [
  NS_HASHES,
  ...HASH_FUNCTIONS.filter((name) => name !== 'md5').map(
    (name) => `urn:xmpp:hash-function-text-names:${name}`,
  ),
];

export const hash = (algorithm: string, digest: Uint8Array): Element =>
  xml('hash', { xmlns: NS_HASHES, algo: algorithm }, encodeBase64(digest));

export const hashUsed = (algorithm: string): Element =>
  xml('hash-used', { xmlns: NS_HASHES, algo: algorithm });

/** In characters; 64 bytes in base64 have 88, and may be wrapped. */
const MAX_HASH_LENGTH = 256;

/** The hashes among the children, by name; those of unknown algorithms left out. Throws `StanzaError`. */
export function readHashes(parent: Element): Map<string, Buffer> {
  const hashes = new Map<string, Buffer>();
  for (const element of parent.getChildren('hash', NS_HASHES)) {
    const name = nodeNameOf(element.attrs.algo ?? '');
    const text = element.getText();
    // XEP-0234 §4: an empty one names the algorithm only.
    if (!name || !text) continue;
    const digest = text.length > MAX_HASH_LENGTH ? undefined : decodeBase64(text);
    if (digest?.length !== createHash(name).digest().length) {
      throw badRequest('not a hash');
    }
    hashes.set(element.attrs.algo as string, digest);
  }
  return hashes;
}

/** Whether a hash is among the children, of whatever algorithm. */
export const hasHash = (parent: Element): boolean =>
  parent.getChildren('hash', NS_HASHES).some((element) => element.getText() !== '');

/**
 * The algorithms that are named among the children, with a hash or without, each once; those that are unknown left out.
 */
export function readHashFunctions(parent: Element): string[] {
  const elements = [
    ...parent.getChildren('hash', NS_HASHES),
    ...parent.getChildren('hash-used', NS_HASHES),
  ];
  return [...new Set(elements.map(({ attrs }) => attrs.algo ?? '').filter(nodeNameOf))];
}
