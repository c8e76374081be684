// The DH functions of the Noise specification for 25519 (§12.1). Keys travel as 32 bytes. Node reads and writes public
// ones as JWK (RFC 8037 §2) in a tenth of the time that DER takes.
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { NoiseFailure } from './noise-failure.js';

/** Bytes of a public key and of a secret one. */
export const DHLEN = 32;

/** RFC 8410 §7: what stands before the 32 bytes of a secret. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
/** RFC 8037 §2. */
const X25519 = { kty: 'OKP', crv: 'X25519' };

/** A key of X25519 (RFC 7748 §5). */
export interface KeyPair {
  /** To be told to nobody; `secretBytesOf` has its 32 bytes. */
  readonly secret: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

/** A new one, by the system's randomness. */
export function generateKeyPair(): KeyPair {
  return pairOf(generateKeyPairSync('x25519').privateKey);
}

/** Throws RangeError for a secret that has not 32 bytes. */
export function keyPairFrom(secret: Uint8Array): KeyPair {
  if (secret.length !== DHLEN) throw new RangeError(`a secret key has ${DHLEN} bytes`);
  const key = Buffer.concat([PKCS8, secret]);
  return pairOf(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
}

/** The 32 bytes of a secret key. */
export function secretBytesOf({ secret }: KeyPair): Buffer {
  return secret.export({ format: 'der', type: 'pkcs8' }).subarray(-DHLEN);
}

/** 32 bytes that only the two parties know. Throws `NoiseFailure` for a key of low order: with it they would be zeros. */
export function dh({ secret }: KeyPair, publicKey: Uint8Array): Buffer {
  const key = { ...X25519, x: Buffer.from(publicKey).toString('base64url') };
  try {
    return diffieHellman({
      privateKey: secret,
      publicKey: createPublicKey({ key, format: 'jwk' }),
    });
  } catch (error) {
    throw new NoiseFailure({ cause: error });
  }
}

function pairOf(secret: KeyObject): KeyPair {
  const { x = '' } = createPublicKey(secret).export({ format: 'jwk' });
  return { secret, publicKey: Buffer.from(x, 'base64url') };
}
