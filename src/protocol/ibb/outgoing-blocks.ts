import { setMaxListeners } from 'node:events';
import { RequestTimeout } from '../../session/requests.js';
import { StanzaError } from '../../session/stanza-error.js';
import { ChannelLost } from '../channel.js';
import type { Clock } from '../clock.js';
import { SEQ_MODULUS } from './stanzas.js';
import { fixedWindow, type Window } from './window.js';

/** No acknowledgement for this long, with blocks under way, and the recipient is asked for. */
const STALL_CHECK_MS = 10_000;
/** So many times without one, and the bytestream is given up: after the 120 s that slixmpp waits for a reply. */
const STALL_CHECKS = 12;

/** So often found deaf, and it is believed. */
const DEAF_LOOKS = 2;

/** Enough to keep the window full while the source is read. */
const READ_AHEAD_BYTES = 64 * 1024;

/** How wait errors are met (XEP-0047 §2.2; the defaults are aioxmpp's). */
export interface RetrySettings {
  /** Times that one block is sent again. Default 5. */
  maxRetries: number;
  /** Seconds before the first time. Default 1. */
  initialWait: number;
  /** By how much each further wait is longer. Default 1.2. */
  waitFactor: number;
}

/** The recipient is there, and has answered no block though it should. */
export class BlocksIgnored extends Error {
  override readonly name = 'BlocksIgnored';
}

/**
 * How it shows that a recipient has vanished since it accepted, or was started anew. Not `service-unavailable`: that
 * comes from those as well who cannot do what they have accepted.
 */
const VANISHED = new Set([
  'item-not-found',
  'recipient-unavailable',
  'remote-server-not-found',
  'remote-server-timeout',
]);

/** Why a bytestream that the recipient has accepted elsewhere could not be opened. */
export function whyNotOpened(error: Error): Error {
  const hasVanished =
    error instanceof RequestTimeout ||
    (error instanceof StanzaError && VANISHED.has(error.condition));
  if (!hasVanished) return error;
  const message = `the recipient has accepted the file, and is not there any more (${error.message})`;
  return new ChannelLost(message, { cause: error });
}

/**
 * `deaf`: it answers what has nothing to do with bytestreams. `silent`: it answers nothing, and nobody has said that it
 * is gone.
 */
export type PeerState = 'there' | 'deaf' | 'silent' | 'gone';

export interface OutgoingOptions {
  blockSize: number;
  window: Window;
  retry: RetrySettings;
  clock: Clock;
  /** Sends a block; resolves when it is acknowledged, rejects when it is refused, or the signal is aborted. */
  send(seq: number, bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** Of a recipient that takes no block as they are sent: sends them otherwise from now on, in this window. */
  sendOtherwise?: (() => Window) | undefined;
  /** Whether the recipient is still there, as far as can be known. */
  findPeer(): Promise<PeerState>;
  /** Called after each block that was acknowledged. */
  acknowledged(): void;
  /** Called once, when the direction cannot go on. */
  failed(error: Error): void;
}

interface Block {
  seq: number;
  bytes: Buffer;
  sentAt: number;
  outcome?: 'taken' | 'wait' | 'refused';
}

/** The sending direction of a bytestream: cuts bytes into blocks and keeps the window full. */
export class OutgoingBlocks {
  /** Counts of what was acknowledged. */
  blocks = 0;
  bytes = 0;
  readonly #options: OutgoingOptions;
  readonly #stop = new AbortController();
  #window: Window;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #underWay: Block[] = [];
  #underWayBytes = 0;
  #seq = 0;
  #flushing = false;
  #waitError: StanzaError | undefined;
  #retries = 0;
  #watching = false;
  #foundDeaf = 0;
  #sendOtherwise: (() => Window) | undefined;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#sendOtherwise = options.sendOtherwise;
    this.#window = options.window;
    setMaxListeners(0, this.#stop.signal); // one for each block under way
  }

  /** The number of the next block. */
  get seq(): number {
    return this.#seq;
  }

  /** Bytes that were written and not acknowledged. */
  get pending(): number {
    return this.#queuedBytes + this.#underWayBytes;
  }

  /** Bytes that were sent and not acknowledged. */
  get underWay(): number {
    return this.#underWayBytes;
  }

  /** Whether more may be written without much more than a window waiting. */
  get hasRoom(): boolean {
    return this.#queuedBytes < Math.max(this.#window.limit, READ_AHEAD_BYTES);
  }

  write(bytes: Buffer): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#pump();
  }

  /** Sends the last, short block too. */
  flush(): void {
    this.#flushing = true;
    this.#pump();
  }

  /** Sends nothing more, and waits for no answers. */
  stop(): void {
    this.#stop.abort(new Error('the bytestream is over'));
  }

  #pump(): void {
    while (!this.#waitError && !this.#stop.signal.aborted && this.#mayStart()) {
      const bytes = this.#cut(Math.min(this.#options.blockSize, this.#queuedBytes));
      const block: Block = { seq: this.#seq, bytes, sentAt: 0 };
      this.#seq = (this.#seq + 1) % SEQ_MODULUS;
      this.#start(block);
    }
  }

  /** A short block goes out when nothing is under way (or at the end): writes in between fill it up. */
  #mayStart(): boolean {
    const { blockSize } = this.#options;
    if (this.#queuedBytes === 0) return false;
    if (this.#underWay.length === 0) return true;
    const whole = this.#queuedBytes >= blockSize || this.#flushing;
    return whole && this.#underWayBytes + blockSize <= this.#window.limit;
  }

  #cut(length: number): Buffer {
    const parts: Buffer[] = [];
    this.#queuedBytes -= length;
    for (let missing = length; missing > 0; ) {
      const first = this.#queue[0] as Buffer;
      const part = first.subarray(0, missing);
      if (part.length < first.length) this.#queue[0] = first.subarray(part.length);
      else this.#queue.shift();
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  #start(block: Block): void {
    this.#underWay.push(block);
    this.#underWayBytes += block.bytes.length;
    if (!this.#watching) void this.#watch();
    this.#send(block);
  }

  #send(block: Block): void {
    block.sentAt = this.#options.clock.now();
    delete block.outcome;
    this.#options.send(block.seq, block.bytes, this.#stop.signal).then(
      () => this.#taken(block),
      (error: Error) => this.#refused(block, error),
    );
  }

  #taken(block: Block): void {
    block.outcome = 'taken';
    this.#window.acknowledged({
      bytes: block.bytes.length,
      sentAt: block.sentAt,
      now: this.#options.clock.now(),
      full: this.#queuedBytes > 0,
    });
    if (this.#waitError) return this.#settle();
    this.#forget(block);
    this.#options.acknowledged();
    this.#pump();
  }

  #forget(block: Block): void {
    this.#underWay.splice(this.#underWay.indexOf(block), 1);
    this.#underWayBytes -= block.bytes.length;
    this.blocks += 1;
    this.bytes += block.bytes.length;
    this.#retries = 0;
  }

  #refused(block: Block, error: Error): void {
    if (this.#stop.signal.aborted) return;
    const mayGoAgain =
      error instanceof StanzaError && (error.type === 'wait' || this.#mayGoOtherwise(error));
    if (!mayGoAgain && !this.#waitError) return this.#fail(error);
    block.outcome = mayGoAgain ? 'wait' : 'refused';
    if (mayGoAgain) this.#waitError ??= error;
    this.#settle();
  }

  /** Some programs (Coccinella) know blocks in messages alone. Nothing is lost where it shows at the first of them. */
  #mayGoOtherwise({ condition }: StanzaError): boolean {
    const isFirst = this.blocks === 0 && this.#sendOtherwise !== undefined;
    return isFirst && condition === 'feature-not-implemented';
  }

  /**
   * After a wait error nothing is sent until every block under way has its answer. If the recipient
   * took none behind the one it could not take, all of them go again, with the same seqs; if it took
   * or refused one, it has seen a gap, and nothing can mend that (§2.2).
   */
  #settle(): void {
    if (this.#underWay.some(({ outcome }) => outcome === undefined)) return;
    const gap = this.#underWay.findIndex(({ outcome }) => outcome !== 'taken');
    for (const block of this.#underWay.slice(0, gap)) this.#forget(block);
    if (gap > 0) this.#options.acknowledged();
    if (this.#underWay.some(({ outcome }) => outcome !== 'wait')) {
      return this.#fail(new ChannelLost('a block was lost on the way', { cause: this.#waitError }));
    }
    void this.#retry(this.#waitError as StanzaError);
  }

  async #retry(error: StanzaError): Promise<void> {
    const { retry, clock, blockSize } = this.#options;
    if (error.type !== 'wait') return this.#goOtherwise(error);
    if (this.#retries >= retry.maxRetries) {
      const message = `the recipient could still not take the block after ${this.#retries} retries`;
      return this.#fail(new ChannelLost(message, { cause: this.#waitError }));
    }
    const seconds = retry.initialWait * retry.waitFactor ** this.#retries;
    this.#retries += 1;
    try {
      await clock.sleep(seconds * 1000, this.#stop.signal);
    } catch {
      return; // stopped meanwhile
    }
    // A recipient that has had to refuse gets one block at a time from now on.
    this.#window = fixedWindow(1, blockSize);
    this.#sendAgain();
  }

  #goOtherwise(error: StanzaError): void {
    // One behind the first was refused: what came of that is known to the recipient alone.
    if (!this.#sendOtherwise || this.blocks > 0) return this.#fail(error);
    this.#window = this.#sendOtherwise();
    this.#sendOtherwise = undefined;
    this.#sendAgain();
    this.#pump();
  }

  /** All that is under way was refused, and goes again. */
  #sendAgain(): void {
    this.#waitError = undefined;
    const [first, ...others] = this.#underWay as [Block, ...Block[]];
    this.#rewind(others);
    this.#send(first);
  }

  /** Puts blocks back to the front of the queue, and their numbers with them. */
  #rewind(blocks: Block[]): void {
    const [first] = blocks;
    if (!first) return;
    this.#seq = first.seq;
    for (const { bytes } of blocks) {
      this.#underWayBytes -= bytes.length;
      this.#queuedBytes += bytes.length;
    }
    this.#queue.unshift(...blocks.map(({ bytes }) => bytes));
    this.#underWay.length = 1;
  }

  /**
   * Servers do not always say that a recipient is gone: what they had written to it is never answered. A
   * reply that does not come leaves open whether the block arrived, so it is never sent again.
   */
  async #watch(): Promise<void> {
    const { clock } = this.#options;
    this.#watching = true;
    for (let [before, idle] = [this.blocks, 0]; this.#underWay.length > 0; before = this.blocks) {
      const sleep = clock.sleep(STALL_CHECK_MS, this.#stop.signal);
      const stopped = await sleep.then(
        () => false,
        () => true,
      );
      if (stopped) return;
      const unanswered = this.#underWay.some(({ outcome }) => outcome === undefined);
      idle = this.blocks > before || !unanswered ? 0 : idle + 1;
      if (idle === STALL_CHECKS) {
        return this.#fail(new ChannelLost('the recipient has stopped answering'));
      }
      if (idle > 0) void this.#lookForRecipient();
    }
    this.#watching = false;
  }

  async #lookForRecipient(): Promise<void> {
    const state = await this.#options.findPeer();
    if (state === 'gone') return this.#fail(new ChannelLost('the recipient is gone'));
    if (state === 'deaf') this.#foundDeaf += 1;
    // What it did answer was asked behind the first block; a second look leaves that time to be written.
    if (this.#foundDeaf < DEAF_LOOKS || this.blocks > 0) return;
    this.#fail(new BlocksIgnored('the recipient is there, and does not answer the blocks'));
  }

  #fail(error: Error): void {
    if (this.#stop.signal.aborted) return;
    this.stop();
    this.#options.failed(error);
  }
}
