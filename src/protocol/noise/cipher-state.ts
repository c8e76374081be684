import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { NoiseFailure } from './noise-failure.js';

/** Bytes that are added to each plaintext. */
export const TAG_LENGTH = 16;

/** §3: bytes of a message of whatever kind. */
export const MOST_OF_MESSAGE = 65_535;

/** §5.1: 2^64 - 1 is reserved. */
const NONCE_END = 2n ** 64n - 1n;

const CHACHA = 'chacha20-poly1305';

/**
 * A key and its nonce (§5.1), which counts the messages of one direction. It can neither be set nor be set back, so
 * that no two messages have the same.
 */
export class CipherState {
  readonly #key: KeyObject;
  #nonce = 0n;

  /** `key`: 32 bytes. */
  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }

  /** Returns the ciphertext with its tag. Throws RangeError for what does not fit, and when all nonces are used up. */
  encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Buffer {
    return Buffer.concat(this.encryptInParts(ad, plaintext));
  }

  /** The same in parts, for one who puts them together with others: a copy less. */
  encryptInParts(ad: Uint8Array, plaintext: Uint8Array): Buffer[] {
    if (plaintext.length + TAG_LENGTH > MOST_OF_MESSAGE) throw tooLong();
    const iv = nonceBytes(this.#nonce);
    this.#nonce += 1n; // first, so that a failure below cannot lead to its use for something else
    const cipher = createCipheriv(CHACHA, this.#key, iv, { authTagLength: TAG_LENGTH });
    cipher.setAAD(ad, { plaintextLength: plaintext.length });
    return [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
  }

  /** Returns the plaintext. Throws `NoiseFailure`, and stays as it was then: the nonce is that of a message to come. */
  decryptWithAd(ad: Uint8Array, message: Uint8Array): Buffer {
    const length = message.length - TAG_LENGTH;
    if (length < 0 || message.length > MOST_OF_MESSAGE) throw new NoiseFailure();
    const iv = nonceBytes(this.#nonce);
    const plaintext = this.#open(iv, ad, message.subarray(0, length), message.subarray(length));
    this.#nonce += 1n;
    return plaintext;
  }

  #open(iv: Buffer, ad: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array): Buffer {
    const decipher = createDecipheriv(CHACHA, this.#key, iv, { authTagLength: TAG_LENGTH });
    decipher.setAAD(ad, { plaintextLength: ciphertext.length });
    decipher.setAuthTag(tag);
    const plaintext = decipher.update(ciphertext);
    try {
      decipher.final(); // adds no bytes, and is what looks at the tag: before it nothing may be used
    } catch (error) {
      throw new NoiseFailure({ cause: error });
    }
    return plaintext;
  }
}

/** §12.3: 32 bits of zeros, and the nonce in 64 bits, little-endian. */
function nonceBytes(nonce: bigint): Buffer {
  if (nonce === NONCE_END)
    throw new RangeError('the key has been used for all messages that it may be used for');
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64LE(nonce, 4);
  return bytes;
}

function tooLong(): RangeError {
  return new RangeError(`a message has at most ${MOST_OF_MESSAGE} bytes`);
}
