import type { CipherState } from '../noise/cipher-state.js';
import { Acknowledged } from './acknowledged.js';
import { type Chunk, ChunkCutter } from './chunks.js';
import { FrameSealer, TYPES } from './frames.js';

export interface SealOptions {
  /** The offer had no hash: the sender tells one before the end. */
  hasChecksum: boolean;
  /** As the sender: deflate what shrinks. Default: yes. */
  mayDeflate?: boolean;
  /** As the sender: bytes of the file that are to be sent, if that is known. */
  toCome?: number | undefined;
}

const EMPTY: Chunk = { data: Buffer.alloc(0), isDeflated: false, length: 0 };

/** The bytes of a file, in the messages that bring it: the other side of `OpenedFile`. */
export class SealedFile {
  /** How much of the file has arrived. */
  readonly acknowledged = new Acknowledged();
  readonly #frames: FrameSealer;
  readonly #hasChecksum: boolean;
  readonly #cutter: ChunkCutter;
  /** Bytes of the file that are to come behind those that have. */
  #left: number;
  /** The last bytes, which go with the word that they are the last: an empty message less. */
  #last: Chunk = EMPTY;
  #checksum: string | undefined;

  constructor(key: CipherState, options: SealOptions) {
    const { hasChecksum, mayDeflate = true, toCome = Number.POSITIVE_INFINITY } = options;
    this.#frames = new FrameSealer(key);
    this.#hasChecksum = hasChecksum;
    this.#cutter = new ChunkCutter(mayDeflate);
    this.#left = toCome;
  }

  /**
   * Seals bytes of the file, of any number: in one piece, of which blocks can be cut without a copy. Where it is known
   * which bytes are the last, those go with the end.
   */
  seal(bytes: Uint8Array): Buffer {
    const parts: Buffer[] = [];
    for (const chunk of this.#cutter.cut(bytes)) {
      this.#left -= chunk.length;
      if (this.#last.length > 0) parts.push(...this.#frameOf(this.#last, TYPES.bytes)); // they were not
      // Whoever has written them may use their memory again.
      this.#last = this.#left > 0 ? EMPTY : { ...chunk, data: Buffer.from(chunk.data) };
      if (this.#left > 0) parts.push(...this.#frameOf(chunk, TYPES.bytes));
    }
    return Buffer.concat(parts);
  }

  /** What is said of the hash, in XML. */
  tellChecksum(element: string): void {
    if (!this.#hasChecksum) throw new Error('the offer had a hash');
    this.#checksum = element;
  }

  /** Seals the end, without which the file counts as cut off. Throws when the hash that is to be told was not. */
  end(): Buffer {
    const parts: Buffer[] = [];
    if (this.#hasChecksum) {
      if (this.#checksum === undefined) throw new Error('the offer had no hash, and none was told');
      parts.push(...this.#frame(TYPES.checksum, Buffer.from(this.#checksum), 0));
    }
    return Buffer.concat([...parts, ...this.#frameOf(this.#last, TYPES.isLast)]);
  }

  #frameOf({ data, isDeflated, length }: Chunk, type: number): Buffer[] {
    return this.#frame(isDeflated ? type | TYPES.isDeflated : type, data, length);
  }

  #frame(type: number, data: Uint8Array, bytesOfFile: number): Buffer[] {
    const frame = this.#frames.seal(type, data);
    const length = frame.reduce((sum, part) => sum + part.length, 0);
    this.acknowledged.add(length, bytesOfFile);
    return frame;
  }
}
