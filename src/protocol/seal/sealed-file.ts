import type { CipherState } from '../noise/cipher-state.js';
import { Acknowledged } from './acknowledged.js';
import { ChunkCutter } from './chunks.js';
import { FrameSealer, TYPES } from './frames.js';

export interface SealOptions {
  /** The offer had no hash: the sender tells one before the end. */
  hasChecksum: boolean;
  /** As the sender: deflate what shrinks. Default: yes. */
  mayDeflate?: boolean;
}

/** The bytes of a file, in the messages that bring it: the other side of `OpenedFile`. */
export class SealedFile {
  /** How much of the file has arrived. */
  readonly acknowledged = new Acknowledged();
  readonly #frames: FrameSealer;
  readonly #hasChecksum: boolean;
  readonly #cutter: ChunkCutter;
  #checksum: string | undefined;

  constructor(key: CipherState, { hasChecksum, mayDeflate = true }: SealOptions) {
    this.#frames = new FrameSealer(key);
    this.#hasChecksum = hasChecksum;
    this.#cutter = new ChunkCutter(mayDeflate);
  }

  /** Seals bytes of the file, of any number. */
  *seal(bytes: Uint8Array): Generator<Buffer> {
    for (const { data, isDeflated, length } of this.#cutter.cut(bytes)) {
      yield this.#frame(isDeflated ? TYPES.bytes | TYPES.isDeflated : TYPES.bytes, data, length);
    }
  }

  /** What is said of the hash, in XML. */
  tellChecksum(element: string): void {
    if (!this.#hasChecksum) throw new Error('the offer had a hash');
    this.#checksum = element;
  }

  /** Seals the end, without which the file counts as cut off. Throws when the hash that is to be told was not. */
  *end(): Generator<Buffer> {
    if (this.#hasChecksum) {
      if (this.#checksum === undefined) throw new Error('the offer had no hash, and none was told');
      yield this.#frame(TYPES.checksum, Buffer.from(this.#checksum), 0);
    }
    yield this.#frame(TYPES.bytes | TYPES.isLast, Buffer.alloc(0), 0);
  }

  #frame(type: number, data: Uint8Array, bytesOfFile: number): Buffer {
    const frame = this.#frames.seal(type, data);
    this.acknowledged.add(frame.length, bytesOfFile);
    return frame;
  }
}
