// The sealed bytes of a channel: Noise messages, each behind its length in 2 bytes. docs/seal.md, "Bytes".
import { type CipherState, TAG_LENGTH } from '../noise/cipher-state.js';
import { MOST_OF_CHUNK } from './chunks.js';
import { opening, SealBroken } from './seal-broken.js';

/** What a message has in it, in its first byte: bytes of the file, which may be deflated, or the last ones; or a hash. */
export const TYPES = { bytes: 0x00, isLast: 0x01, checksum: 0x02, isDeflated: 0x10 } as const;

const LENGTH_BYTES = 2;
/** Bytes of the shortest message: a type without data, and the tag. */
const LEAST_OF_MESSAGE = 1 + TAG_LENGTH;
const MOST_OF_MESSAGE = LEAST_OF_MESSAGE + MOST_OF_CHUNK;
const NO_DATA = Buffer.alloc(0);

/** Seals messages. */
export class FrameSealer {
  readonly #key: CipherState;
  /** Used for one message after the other: memory for each would cost a tenth of the speed. */
  readonly #plaintext = Buffer.allocUnsafe(1 + MOST_OF_CHUNK);

  constructor(key: CipherState) {
    this.#key = key;
  }

  /** In parts, to be put together. Throws RangeError for more than `MOST_OF_CHUNK` bytes. */
  seal(type: number, data: Uint8Array): Buffer[] {
    if (data.length > MOST_OF_CHUNK) throw new RangeError(`more than ${MOST_OF_CHUNK} bytes`);
    this.#plaintext.writeUInt8(type);
    this.#plaintext.set(data, 1);
    const plaintext = this.#plaintext.subarray(0, 1 + data.length);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(plaintext.length + TAG_LENGTH);
    return [length, ...this.#key.encryptInParts(NO_DATA, plaintext)];
  }
}

/** Opens messages, and keeps of what comes at most one that is not whole yet, beside what is left of a block. */
export class FrameOpener {
  readonly #key: CipherState;
  readonly #frame = Buffer.allocUnsafe(LENGTH_BYTES + MOST_OF_MESSAGE);
  #filled = 0;
  #block: Buffer = NO_DATA;

  constructor(key: CipherState) {
    this.#key = key;
  }

  /** Whether bytes are left that belong to no message that was opened. */
  get hasMore(): boolean {
    return this.#filled > 0 || this.#block.length > 0;
  }

  /** Takes what has come, when `next` has given all that it could. */
  take(block: Buffer): void {
    this.#block = block;
  }

  /** What is in the next message; `undefined` when more has to come first. Throws `SealBroken`. */
  next(): { type: number; data: Buffer } | undefined {
    const head = this.#first(LENGTH_BYTES);
    if (!head) return undefined;
    const length = head.readUInt16BE();
    if (length < LEAST_OF_MESSAGE || length > MOST_OF_MESSAGE) throw new SealBroken();
    const whole = this.#first(LENGTH_BYTES + length);
    if (!whole) return undefined;
    const plaintext = opening(() => this.#key.decryptWithAd(NO_DATA, whole.subarray(LENGTH_BYTES)));
    if (this.#filled > 0) this.#filled = 0;
    else this.#block = this.#block.subarray(whole.length);
    return { type: plaintext.readUInt8(), data: plaintext.subarray(1) };
  }

  /** The first bytes, where so many are there. They are copied only if they did not come in one piece. */
  #first(wanted: number): Buffer | undefined {
    if (this.#filled === 0 && this.#block.length >= wanted) return this.#block.subarray(0, wanted);
    const part = this.#block.subarray(0, Math.max(wanted - this.#filled, 0));
    this.#frame.set(part, this.#filled);
    this.#filled += part.length;
    this.#block = this.#block.subarray(part.length);
    return this.#filled >= wanted ? this.#frame.subarray(0, wanted) : undefined;
  }
}
