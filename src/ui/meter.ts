/** Long enough to stay calm under a server that lets bytes through in bursts. */
const ANCHOR_INTERVAL_MS = 3_000;

interface Anchor {
  at: number;
  bytes: number;
}

/** Measures one transfer: its bytes so far, its rate of late, and the time that remains. */
export class Meter {
  #bytes = 0;
  #movedAt: number;
  /** The rate is counted from the older of two anchors, so over one to two intervals. */
  #anchors: [Anchor, Anchor];

  /** `size` in bytes, `undefined` if unknown; `now` in milliseconds. */
  constructor(
    public name: string,
    public size: number | undefined,
    private readonly now: () => number,
  ) {
    this.#anchors = [this.#anchor(), this.#anchor()];
    this.#movedAt = now();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Goes on at an offset; bytes that were not sent again do not count into the rate. */
  restart(offset: number): void {
    this.#bytes = offset;
    this.#movedAt = this.now();
    this.#anchors = [this.#anchor(), this.#anchor()];
  }

  /** So many more are there that were not sent. */
  skip(bytes: number): void {
    this.#bytes += bytes;
    const [older, newer] = this.#anchors;
    const shifted = (anchor: Anchor) => ({ ...anchor, bytes: anchor.bytes + bytes });
    this.#anchors = [shifted(older), shifted(newer)];
  }

  update(bytes: number): void {
    if (bytes !== this.#bytes) this.#movedAt = this.now();
    this.#bytes = bytes;
    const [, newer] = this.#anchors;
    if (this.now() - newer.at >= ANCHOR_INTERVAL_MS) this.#anchors = [newer, this.#anchor()];
  }

  /** Milliseconds since the last byte. */
  still(): number {
    return this.now() - this.#movedAt;
  }

  /** Bytes per second. Falls while nothing arrives, so that a stall is seen; 0 at the very start. */
  rate(): number {
    const [older] = this.#anchors;
    const elapsed = this.now() - older.at;
    return elapsed > 0 ? ((this.#bytes - older.bytes) / elapsed) * 1000 : 0;
  }

  /** Seconds; `undefined` while the size is unknown or next to nothing moves. */
  remaining(): number | undefined {
    const rate = this.rate();
    return this.size === undefined || rate < 1 ? undefined : (this.size - this.#bytes) / rate;
  }

  #anchor(): Anchor {
    return { at: this.now(), bytes: this.#bytes };
  }
}
