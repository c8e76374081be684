import type { Inlet } from '../protocol/channel.js';
import { type Clock, systemClock } from '../session/clock.js';

/** Parts of a second in which the bytes of one go out: none is long, and none is hardly worth its timer. */
const STEPS_PER_SECOND = 4;

type Pace = (bytes: number) => Promise<void>;

/**
 * What a reader is to wait for, told of the bytes that it has got. Of a sealed message, at a low rate that
 * of many seconds, each part is paid for as it comes, and the reader pays for what the bytes are more than that.
 */
export function paceOf(channel: Inlet, pace: Pace): Pace {
  if (!channel.paceArrivals) return pace;
  let paid = 0;
  channel.paceArrivals((bytes) => {
    paid += bytes;
    return pace(bytes);
  });
  return async (bytes) => {
    const owed = bytes - paid;
    paid = Math.max(-owed, 0);
    if (owed > 0) await pace(owed);
  };
}

/** How many bytes of files may pass in a second, over all transfers that share it, one after the other. */
export class RateLimit {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  /** When all that has passed is paid for. Time in which nothing passed is not made up for. */
  #paidAt = 0;

  constructor(bytesPerSecond: number, clock: Clock = systemClock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
  }

  /** Bytes of a block that takes no longer than a second, so that the rate is none of bursts. */
  get largestBlock(): number {
    return this.#bytesPerSecond;
  }

  /** Bytes that go out, or are taken, at a time. */
  get step(): number {
    return Math.ceil(this.#bytesPerSecond / STEPS_PER_SECOND);
  }

  /** Resolves when so many bytes may pass. Rejects with the signal's reason. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const from = Math.max(this.#paidAt, now);
    this.#paidAt = from + (bytes / this.#bytesPerSecond) * 1000;
    if (from === now) return;
    // The connection may be the only other thing that is waited for.
    await this.#clock.sleep(from - now, signal, { ref: true }).catch(() => signal.throwIfAborted());
  }

  /** Hands on the bytes in parts, each when it may pass. */
  async *paced(bytes: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { step } = this;
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length; at += step) {
        const part = chunk.subarray(at, at + step);
        await this.take(part.length, signal);
        yield part;
      }
    }
  }
}
