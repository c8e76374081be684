// XEP-0300 Use of Cryptographic Hash Functions 1.0: the names of the algorithms.
import { getHashes } from 'node:crypto';

/** §2 and its registries; what OpenSSL calls them. */
const OPENSSL_NAMES: Record<string, string> = {
  md5: 'md5',
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

const PROVIDED = new Set(getHashes());
const NODE_NAMES = new Map(Object.entries(OPENSSL_NAMES).filter(([, name]) => PROVIDED.has(name)));

/** The names of the algorithms that there are here. */
export const HASH_FUNCTIONS: readonly string[] = [...NODE_NAMES.keys()];

/** What Node's `createHash` calls the algorithm; `undefined` where it is unknown. */
export const nodeNameOf = (algorithm: string): string | undefined => NODE_NAMES.get(algorithm);
