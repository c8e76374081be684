// How the bytes of a file are cut into chunks, each deflated by itself where that makes it shorter.
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { SealBroken } from './seal-broken.js';

/** Bytes of a chunk as it travels. */
export const MOST_OF_CHUNK = 16_384;

/** Bytes of a file in a deflated chunk. */
const MOST_INFLATED = 65_536;

/** Bytes by which it is decided whether to deflate: fewer hardly shrink, whatever follows. */
const LEAST_OF_SAMPLE = 1024;

/** Share of its length that a chunk must shrink to, to be worth the time. */
const WORTHWHILE = 0.9;

export interface Chunk {
  /** As it travels. */
  data: Uint8Array;
  isDeflated: boolean;
  /** Bytes of the file. */
  length: number;
}

/** Cuts bytes into chunks. The first that come decide whether any are deflated. */
export class ChunkCutter {
  #deflates: boolean | undefined;
  /** How many bytes fitted into the chunk before, deflated. */
  #size = MOST_INFLATED;

  /** `mayDeflate`: whether it is tried. */
  constructor(mayDeflate: boolean) {
    if (!mayDeflate) this.#deflates = false;
  }

  *cut(bytes: Uint8Array): Generator<Chunk> {
    for (let rest = bytes; rest.length > 0; ) {
      const chunk = this.#next(rest);
      yield chunk;
      rest = rest.subarray(chunk.length);
    }
  }

  #next(bytes: Uint8Array): Chunk {
    if (this.#deflates === undefined && bytes.length >= LEAST_OF_SAMPLE) {
      const sample = bytes.subarray(0, MOST_OF_CHUNK);
      this.#deflates = deflate(sample).length <= sample.length * WORTHWHILE;
    }
    return (this.#deflates && this.#deflated(bytes)) || undeflated(bytes);
  }

  /** `undefined` where the bytes do not shrink. */
  #deflated(bytes: Uint8Array): Chunk | undefined {
    for (;;) {
      const part = bytes.subarray(0, this.#size);
      const data = deflate(part);
      if (data.length <= MOST_OF_CHUNK && data.length < part.length) {
        if (data.length < MOST_OF_CHUNK / 2) this.#size = Math.min(2 * this.#size, MOST_INFLATED);
        return { data, isDeflated: true, length: part.length };
      }
      if (part.length <= MOST_OF_CHUNK) return undefined;
      this.#size /= 2;
    }
  }
}

function undeflated(bytes: Uint8Array): Chunk {
  const data = bytes.subarray(0, MOST_OF_CHUNK);
  return { data, isDeflated: false, length: data.length };
}

/** At the level that is nearly as good as the best, and twice as fast. */
const deflate = (bytes: Uint8Array) => deflateRawSync(bytes, { level: constants.Z_BEST_SPEED });

/** Inflates a chunk. Throws `SealBroken`: for more than `MOST_INFLATED` bytes too, and for some behind the end. */
export function inflate(data: Uint8Array): Buffer {
  try {
    const options = { maxOutputLength: MOST_INFLATED, info: true };
    const { buffer, engine } = inflateRawSync(data, options) as unknown as Inflated;
    if (engine.bytesWritten === data.length) return buffer;
  } catch (error) {
    throw new SealBroken({ cause: error });
  }
  throw new SealBroken();
}

/** What Node returns with `info`; its types do not say so. */
interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}
