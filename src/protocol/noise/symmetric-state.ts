import { createHash, hkdfSync } from 'node:crypto';
import { CipherState } from './cipher-state.js';

const HASHLEN = 32;
const NOTHING = Buffer.alloc(0);

/** What both parties have said so far, as a hash and as a key (§5.2). */
export class SymmetricState {
  #chainingKey: Buffer;
  #hash: Buffer;
  #cipher: CipherState | undefined;

  /** `protocolName`: of 32 bytes, which are the first hash as they are; a longer one would be hashed. */
  constructor(protocolName: string) {
    this.#hash = Buffer.from(protocolName);
    if (this.#hash.length !== HASHLEN)
      throw new RangeError(`not ${HASHLEN} bytes: ${protocolName}`);
    this.#chainingKey = this.#hash;
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.#chainingKey, material);
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  /** Without a key the plaintext is returned as it is. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher?.encryptWithAd(this.#hash, plaintext) ?? plaintext;
    this.mixHash(ciphertext);
    return ciphertext;
  }

  /** Throws `NoiseFailure`. */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array {
    const plaintext = this.#cipher?.decryptWithAd(this.#hash, ciphertext) ?? ciphertext;
    this.mixHash(ciphertext);
    return plaintext;
  }

  /** The keys of the initiator's messages and of the responder's. */
  split(): [CipherState, CipherState] {
    const [first, second] = hkdf(this.#chainingKey, NOTHING);
    return [new CipherState(first), new CipherState(second)];
  }
}

/** §4.3: HKDF of two outputs is that of RFC 5869, with the chaining key as its salt and no info. */
function hkdf(chainingKey: Buffer, material: Uint8Array): [Buffer, Buffer] {
  const bytes = Buffer.from(hkdfSync('sha256', material, chainingKey, NOTHING, 2 * HASHLEN));
  return [bytes.subarray(0, HASHLEN), bytes.subarray(HASHLEN)];
}
