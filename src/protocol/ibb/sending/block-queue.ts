import { SEQ_MODULUS } from '../stanzas.js';
import { type Block, BlocksUnderWay } from './blocks-under-way.js';

/** Bytes that wait to be sent, cut into numbered blocks as they go; and the blocks that are under way. */
export class BlockQueue {
  readonly underWay = new BlocksUnderWay();
  readonly #blockSize: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #seq = 0;
  #isFlushing = false;

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
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

  /** The next block, which is under way from now on; nothing where none may start. `limit`: bytes under way. */
  next(limit: number): Block | undefined {
    if (!this.#mayStart(limit)) return undefined;
    const bytes = this.#cut(Math.min(this.#blockSize, this.#bytes));
    const block: Block = { seq: this.#seq, bytes, sentAt: 0 };
    this.#seq = (this.#seq + 1) % SEQ_MODULUS;
    this.underWay.add(block);
    return block;
  }

  /** All but the first of the blocks under way wait once more, and get their numbers anew; returns the first. */
  takeBack(): Block {
    const [first, others] = this.underWay.takeBack();
    this.#seq = others[0]?.seq ?? this.#seq;
    this.#parts.unshift(...others.map(({ bytes }) => bytes));
    for (const { bytes } of others) this.#bytes += bytes.length;
    return first;
  }

  /** A short block goes out when nothing is under way (or at the end): writes in between fill it up. */
  #mayStart(limit: number): boolean {
    if (this.#bytes === 0) return false;
    if (this.underWay.count === 0) return true;
    const isWhole = this.#bytes >= this.#blockSize || this.#isFlushing;
    return isWhole && this.underWay.bytes + this.#blockSize <= limit;
  }

  #cut(length: number): Buffer {
    const parts: Buffer[] = [];
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
