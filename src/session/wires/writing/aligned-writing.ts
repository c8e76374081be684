import type { Clock } from '../../clock.js';

/** Prosody reads so many bytes at a time (`network_default_read_size`), as others read multiples of it. */
const READ_BYTES = 4_096;
/** RFC 8446 §5.1. */
export const MAX_RECORD_BYTES = 16_384;
/** Filled up in one piece, so that of small stanzas less is white space. */
const MAX_ALIGNED_BYTES = 8 * READ_BYTES;

/** Characters a millisecond. As shipped servers take 3 or 10 of a client; with less than this nothing is given away. */
const MIN_RATE = 1_000;
/** A measurement takes so long at least; in a longer one nobody sent for a while, and all begins anew. */
const PERIOD_MS = 300;
const MAX_PERIOD_MS = 4 * PERIOD_MS;
/** What was under way when the writing changed is taken within this time, mostly. */
const SETTLE_MS = 125;
/** White space that delivers no more than this is worth nothing. */
const WORTH_MORE = 1.05;
/** Measurements between two looks at the other way of writing. */
const HOLD = 33;

interface FragmentingSocket {
  /** Nothing can be set any more, and Node throws. */
  readonly destroyed?: boolean;
  /** As that of `tls.TLSSocket`; absent where the connection has no records. */
  setMaxSendFragment?(bytes: number): boolean;
}

/**
 * Where the server takes much, finds out whether it takes more of records that end where its reads end. A record of which
 * Prosody reads a part holds it up: it sleeps for a millisecond before it reads the rest. So each write is filled up with
 * spaces between the stanzas (RFC 6120 §4.6.1), and cut into records of 4096 bytes. There is no more of them than of
 * stanzas, by bytes, and 32 KiB each time that it begins; none before the server has taken (XEP-0198) a megabyte a
 * second for 300 ms, which is more than a limiter lets through at first.
 */
export class AlignedWriting {
  /** Bytes of white space so far. */
  padded = 0;
  readonly #socket: FragmentingSocket;
  readonly #clock: Clock;
  #isOn = false;
  #isDraining = false;
  /** Characters a millisecond that were taken with it and without; 0: not measured. */
  readonly #rates = { on: 0, off: 0 };
  #held = 0;
  #since: number | undefined;
  #taken = 0;
  #changedAt = Number.NEGATIVE_INFINITY;
  /** Bytes that may be white space. */
  #allowed = 0;

  constructor(socket: FragmentingSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** How much is best written at a time, in bytes. */
  get pieceBytes(): number {
    return this.#isOn ? MAX_ALIGNED_BYTES : MAX_RECORD_BYTES;
  }

  /** What is to stand behind so many bytes that are written now. */
  spaceBehind(bytes: number): string {
    if (!this.#isOn) return '';
    const missing = (READ_BYTES - (bytes % READ_BYTES)) % READ_BYTES;
    this.#allowed = Math.min(this.#allowed + bytes, MAX_ALIGNED_BYTES);
    if (missing > this.#allowed) return '';
    this.#allowed -= missing;
    this.padded += missing;
    return ' '.repeat(missing);
  }

  /**
   * The server has taken stanzas of so many characters. Returns whether what follows is to be aligned: `start` is to be
   * called when the server has read all that was written, and until then nothing may be written. While it is behind, its
   * reads end anywhere.
   */
  taken(characters: number): boolean {
    const now = this.#clock.now();
    if (this.#isDraining || now - this.#changedAt < SETTLE_MS) return false;
    const since = this.#since;
    const taken = this.#taken + characters;
    if (since === undefined) this.#begin(now);
    else this.#taken = taken;
    if (since === undefined || now - since < PERIOD_MS) return false;
    this.#begin(now);
    const elapsed = now - since;
    if (this.#isRight(elapsed > MAX_PERIOD_MS ? 0 : taken / elapsed)) return false;
    this.#isDraining = !this.#isOn;
    if (this.#isOn) this.#turn(false);
    return this.#isDraining;
  }

  /** Aligns what is written from now on. */
  start(): void {
    this.#isDraining = false;
    this.#turn(true);
  }

  #begin(now: number): void {
    this.#since = now;
    this.#taken = 0;
  }

  /** Whether to go on as it is, by how much is taken. */
  #isRight(rate: number): boolean {
    if (rate < MIN_RATE) {
      // There is nothing to gain, and what was measured is out of date.
      this.#rates.on = 0;
      this.#rates.off = 0;
      return !this.#isOn;
    }
    const [own, other] = this.#isOn ? (['on', 'off'] as const) : (['off', 'on'] as const);
    this.#rates[own] = rate;
    this.#held += 1;
    const isBetter = this.#rates.on > this.#rates.off * WORTH_MORE;
    return this.#rates[other] > 0 && isBetter === this.#isOn && this.#held < HOLD;
  }

  #turn(isOn: boolean): void {
    this.#isOn = isOn;
    this.#held = 0;
    this.#changedAt = this.#clock.now();
    this.#since = undefined;
    this.#allowed = MAX_ALIGNED_BYTES;
    if (this.#socket.destroyed) return;
    this.#socket.setMaxSendFragment?.(isOn ? READ_BYTES : MAX_RECORD_BYTES);
  }
}
