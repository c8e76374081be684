import { StanzaError } from '../../session/stanza-error.js';
import { ChannelOverrun } from '../channel.js';
import type { BytestreamOptions } from './bytestream-link.js';
import { REFUSED } from './ending.js';
import { MAX_BYTES, MAX_BYTES_FAR } from './sending/window.js';
import { type Data, SEQ_MODULUS, type StanzaMode } from './stanzas.js';

/**
 * What may wait for the reader: in iqs, as much as one of our own has under way; in messages, which cannot be refused
 * for now, what a peer sends that does not pace itself.
 */
const MAX_WAITING_BYTES = { iq: MAX_BYTES_FAR + 65_536, message: 4 * 1024 * 1024 };

/** What the reader gets at a time: worth a write to the disk, and few bytes that are in memory twice. */
const MOST_TAKEN_BYTES = 256 * 1024;

/**
 * The same for all that are open together, of which each has its share; but not less than a peer has under way that paces
 * itself to a slow reader.
 */
const ALL_WAITING_BYTES = 16 * 1024 * 1024;
const LEAST_WAITING_BYTES = MAX_BYTES + 65_536;

type Options = Pick<BytestreamOptions, 'blockSize' | 'mostTaken' | 'count'>;

interface Waiting {
  bytes: Buffer;
  /** Acknowledges the block. */
  taken(): void;
  refused(error: Error): void;
}

/**
 * The receiving direction of a bytestream: checks the blocks (XEP-0047 §2.2) and holds each back,
 * unacknowledged, until the reader has dealt with it.
 */
export class IncomingBlocks {
  blocks = 0;
  bytes = 0;
  /** How many of the bytes the reader has got. */
  bytesTaken = 0;
  readonly #blockSize: number;
  readonly #mostTaken: number;
  readonly #maxWaiting: number;
  readonly #count: () => number;
  readonly #arrived: () => void;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #delivered: Waiting[] = [];
  /** It has refused a block for want of room, and refuses those behind it until that one comes again. */
  #full = false;
  #endsAt = Number.POSITIVE_INFINITY;

  /** `arrived` is called after each block that may be taken. */
  constructor(
    { blockSize, mostTaken, count = () => 1 }: Options,
    stanza: StanzaMode,
    arrived: () => void,
  ) {
    this.#blockSize = blockSize;
    this.#mostTaken = mostTaken ?? MOST_TAKEN_BYTES;
    this.#maxWaiting = MAX_WAITING_BYTES[stanza];
    this.#count = count;
    this.#arrived = arrived;
  }

  /** There are to be so many bytes, and no more. */
  endAt(bytes: number): void {
    this.#endsAt = bytes;
  }

  /** Blocks wait for the reader, or it has not dealt with those that it has. */
  get areUnsettled(): boolean {
    return this.#delivered.length > 0 || this.#waiting.length > 0;
  }

  get isAtEnd(): boolean {
    return this.bytes >= this.#endsAt;
  }

  /**
   * Takes a block; resolves when it may be acknowledged. Throws `StanzaError`: of type `wait`
   * when there is no room (the same block may come again), else the bytestream is lost; and `ChannelOverrun`.
   */
  receive({ seq, bytes }: Data): Promise<void> {
    const expected = this.blocks % SEQ_MODULUS;
    const ahead = (seq - expected + SEQ_MODULUS) % SEQ_MODULUS;
    if (this.#full && ahead > 0 && ahead < SEQ_MODULUS / 2) throw noRoom();
    if (ahead !== 0) {
      throw new StanzaError('cancel', 'unexpected-request', `expected seq ${expected}`);
    }
    if (this.bytes + (bytes?.length ?? 0) > this.#endsAt) throw new ChannelOverrun(0);
    if (!bytes) throw new StanzaError('cancel', 'bad-request', 'not base64');
    if (bytes.length > this.#blockSize) {
      throw new StanzaError('cancel', 'bad-request', 'larger than the block-size');
    }
    const share = Math.max(ALL_WAITING_BYTES / this.#count(), LEAST_WAITING_BYTES);
    this.#full = this.#waitingBytes + costOf(bytes) > Math.min(this.#maxWaiting, share);
    if (this.#full) throw noRoom();
    return this.#keep(bytes);
  }

  #keep(bytes: Buffer): Promise<void> {
    this.blocks += 1;
    this.bytes += bytes.length;
    this.#waitingBytes += costOf(bytes);
    const acknowledged = new Promise<void>((taken, refused) => {
      this.#waiting.push({ bytes, taken, refused });
    });
    this.#arrived();
    return acknowledged;
  }

  /** The bytes that wait for the reader, as many as it takes, who has dealt with those of the call before. */
  take(): Buffer | undefined {
    this.#acknowledge();
    const [next] = this.#waiting;
    if (!next) return undefined;
    let [count, bytes] = [1, next.bytes.length];
    for (const { bytes: more } of this.#waiting.slice(1)) {
      if (bytes + more.length > this.#mostTaken) break;
      count += 1;
      bytes += more.length;
    }
    this.#delivered = this.#waiting.splice(0, count);
    this.bytesTaken += bytes;
    const [first, ...others] = this.#delivered;
    return others.length > 0 || !first
      ? Buffer.concat(this.#delivered.map(({ bytes }) => bytes))
      : first.bytes;
  }

  #acknowledge(): void {
    for (const { bytes, taken } of this.#delivered) {
      this.#waitingBytes -= costOf(bytes);
      taken();
    }
    this.#delivered = [];
  }

  /** Refuses the blocks that the reader has not dealt with; the peer hears of errors that are its own. */
  fail(error: Error | null): void {
    const why = error instanceof StanzaError ? error : REFUSED;
    for (const { refused } of [...this.#delivered, ...this.#waiting]) refused(why);
    this.#delivered = [];
    this.#waiting = [];
  }
}

/** What a block that waits takes in memory: however small, it is one more thing to answer. */
const costOf = (bytes: Buffer) => Math.max(bytes.length, MIN_COST_BYTES);
const MIN_COST_BYTES = 512;

const noRoom = () => new StanzaError('wait', 'resource-constraint', 'the reader is behind');
