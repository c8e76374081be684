/** A block that was sent. */
export interface Block {
  seq: number;
  bytes: Buffer;
  /** Milliseconds on the clock. */
  sentAt: number;
  outcome?: 'taken' | 'wait' | 'refused';
}

/** The blocks that were sent and not acknowledged, in their order, and how many were. */
export class BlocksUnderWay {
  readonly acknowledged = { blocks: 0, bytes: 0 };
  #blocks: Block[] = [];
  #bytes = 0;
  /** Bytes in the largest that left this list acknowledged. */
  #proven = 0;

  get count(): number {
    return this.#blocks.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** See `Channel`. */
  get provenBlock(): number {
    // Blocks behind a gap have arrived all the same.
    const taken = this.#blocks.filter(({ outcome }) => outcome === 'taken');
    return Math.max(this.#proven, ...taken.map(({ bytes }) => bytes.length));
  }

  /** See `Channel`. */
  get unprovenBlock(): number {
    const largest = Math.max(0, ...this.#blocks.map(({ bytes }) => bytes.length));
    return largest > this.provenBlock ? largest : 0;
  }

  /** Whether one of them has no answer. */
  get isUnanswered(): boolean {
    return this.#blocks.some(({ outcome }) => outcome === undefined);
  }

  /** Whether all were refused for now, and may go again. */
  get mayAllGoAgain(): boolean {
    return this.#blocks.every(({ outcome }) => outcome === 'wait');
  }

  add(block: Block): void {
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
  }

  /** It was acknowledged. */
  acknowledge(block: Block): void {
    this.#blocks.splice(this.#blocks.indexOf(block), 1);
    this.#bytes -= block.bytes.length;
    this.#proven = Math.max(this.#proven, block.bytes.length);
    this.acknowledged.blocks += 1;
    this.acknowledged.bytes += block.bytes.length;
  }

  /** Acknowledges those before the first that was not taken; returns how many. */
  acknowledgeFirst(): number {
    const gap = this.#blocks.findIndex(({ outcome }) => outcome !== 'taken');
    const taken = this.#blocks.slice(0, gap);
    for (const block of taken) this.acknowledge(block);
    return taken.length;
  }

  /** None of them is under way any more. */
  takeBack(): Block[] {
    this.#bytes = 0;
    return this.#blocks.splice(0);
  }
}
