import type { CipherState } from '../noise/cipher-state.js';
import { inflate } from './chunks.js';
import { FrameOpener, TYPES } from './frames.js';
import { SealBroken } from './seal-broken.js';

/** As much as is written to the disk at a time of what is not sealed. Inflated, one block could become a thousand times as much. */
const ENOUGH_BYTES = 256 * 1024;

/** The bytes of a file, out of the messages that bring it, in the order that docs/seal.md has for these. */
export class OpenedFile {
  readonly #frames: FrameOpener;
  readonly #hasChecksum: boolean;
  #checksum: string | undefined;
  #isWhole = false;

  /** `hasChecksum`: one is to come, because the offer had no hash. */
  constructor(key: CipherState, hasChecksum: boolean) {
    this.#frames = new FrameOpener(key);
    this.#hasChecksum = hasChecksum;
  }

  /** Whether the last message was opened. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** What the sender says of the hash, in XML. */
  get checksum(): string | undefined {
    return this.#checksum;
  }

  /** Takes what has come, when `next` has given all that it could. Throws `SealBroken` for bytes behind the last. */
  take(block: Buffer): void {
    if (this.#isWhole && block.length > 0) throw new SealBroken();
    this.#frames.take(block);
  }

  /**
   * The next bytes of the file, out of all messages that have come or of enough of them; `undefined` when more has to
   * come first. Throws `SealBroken`, and then what was opened in the same call is lost.
   */
  next(): Buffer | undefined {
    const parts: Buffer[] = [];
    for (let length = 0; length < ENOUGH_BYTES; ) {
      const bytes = this.#nextOfMessage();
      if (!bytes) break;
      parts.push(bytes);
      length += bytes.length;
    }
    return parts.length > 1 ? Buffer.concat(parts) : parts[0];
  }

  #nextOfMessage(): Buffer | undefined {
    if (this.#isWhole) return undefined;
    for (let message = this.#frames.next(); message; message = this.#frames.next()) {
      if (message.type !== TYPES.checksum) return this.#bytesOf(message.type, message.data);
      this.#takeChecksum(message.data);
    }
    return undefined;
  }

  #bytesOf(type: number, data: Buffer): Buffer {
    if ((type & ~(TYPES.isDeflated | TYPES.isLast)) !== 0) throw new SealBroken();
    const bytes = type & TYPES.isDeflated ? inflate(data) : data;
    if (type & TYPES.isLast) this.#end();
    // Nobody has a reason to send none, and without end they would keep us busy.
    else if (bytes.length === 0) throw new SealBroken();
    return bytes;
  }

  #takeChecksum(data: Buffer): void {
    if (!this.#hasChecksum || this.#checksum !== undefined) throw new SealBroken();
    this.#checksum = data.toString();
  }

  #end(): void {
    this.#isWhole = true;
    const isTold = this.#checksum !== undefined;
    if (this.#frames.hasMore || isTold !== this.#hasChecksum) throw new SealBroken();
  }
}
