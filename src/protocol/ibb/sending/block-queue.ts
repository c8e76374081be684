import { SEQ_MODULUS } from '../stanzas.js';
import { SHORT_REST } from './block-sizes.js';
import { type Block, BlocksUnderWay } from './blocks-under-way.js';
import type { Window } from './window.js';

/** Bytes that wait to be sent, cut into numbered blocks as they go; and the blocks that are under way. */
export class BlockQueue {
  readonly #most: number;
  readonly underWay = new BlocksUnderWay();
  #parts: Buffer[] = [];
  #bytes = 0;
  #seq = 0;
  #isFlushing = false;

  /** `most`: bytes that the recipient takes in a block. */
  constructor(most = 0) {
    this.#most = most;
  }

  /** The number of the next block. */
  get seq(): number {
    return this.#seq;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** The last, short block may go as well. */
  flush(): void {
    this.#isFlushing = true;
  }

  /** The next block, which is under way from now on; nothing where none may start. */
  next({ limit, blockSize }: Pick<Window, 'limit' | 'blockSize'>): Block | undefined {
    if (!this.#mayStart(limit, blockSize)) return undefined;
    return this.#start(this.#restIsShort(blockSize) ? this.#bytes : blockSize);
  }

  /**
   * All blocks under way were refused, and wait once more to be cut and numbered anew. The first stays as it was where
   * it is not larger than `blockSize`; it is under way again.
   */
  takeBack(blockSize: number): Block {
    const blocks = this.underWay.takeBack();
    const { seq, bytes } = blocks[0] as Block;
    this.#seq = seq;
    this.#parts.unshift(...blocks.map((block) => block.bytes));
    for (const block of blocks) this.#bytes += block.bytes.length;
    return this.#start(Math.min(blockSize, bytes.length));
  }

  #start(blockSize: number): Block {
    const block: Block = { seq: this.#seq, bytes: this.#cut(blockSize), sentAt: 0 };
    this.#seq = (this.#seq + 1) % SEQ_MODULUS;
    this.underWay.add(block);
    return block;
  }

  /** A short block goes out when nothing is under way (or at the end): writes in between fill it up. */
  #mayStart(limit: number, blockSize: number): boolean {
    if (this.#bytes === 0) return false;
    if (this.underWay.count === 0) return true;
    const isWhole = this.#bytes >= blockSize || this.#isFlushing;
    return isWhole && this.underWay.bytes + blockSize <= limit;
  }

  /** By itself a short rest would be mostly XML; and where one block is under way at a time, a round trip. */
  #restIsShort(blockSize: number): boolean {
    const rest = this.#bytes - blockSize;
    return this.#isFlushing && rest <= blockSize * SHORT_REST && this.#bytes <= this.#most;
  }

  #cut(blockSize: number): Buffer {
    const parts: Buffer[] = [];
    const length = Math.min(blockSize, this.#bytes);
    this.#bytes -= length;
    for (let missing = length; missing > 0; ) {
      const first = this.#parts[0] as Buffer;
      const part = first.subarray(0, missing);
      if (part.length < first.length) this.#parts[0] = first.subarray(part.length);
      else this.#parts.shift();
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }
}
