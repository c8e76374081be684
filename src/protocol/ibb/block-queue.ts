/** Bytes that wait to be sent, to be cut into blocks. */
export class BlockQueue {
  #parts: Buffer[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** Puts blocks back to the front. */
  unshift(blocks: Buffer[]): void {
    this.#parts.unshift(...blocks);
    for (const { length } of blocks) this.#bytes += length;
  }

  /** Takes so many bytes; no more than there are. */
  cut(length: number): Buffer {
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
