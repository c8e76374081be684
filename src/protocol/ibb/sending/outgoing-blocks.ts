import { setMaxListeners } from 'node:events';
import { StanzaError } from '../../../session/stanza-error.js';
import { ChannelLost, type InBlocks } from '../../channel.js';
import { BlockQueue } from './block-queue.js';
import type { Block, BlocksUnderWay } from './blocks-under-way.js';
import type { OutgoingOptions } from './outgoing-options.js';
import { RetryWaits } from './retry-waits.js';
import { StallWatch } from './stall-watch.js';
import type { Window } from './window.js';

/** Enough to keep the window full while the source is read. */
const READ_AHEAD_BYTES = { least: 64 * 1024, most: 1024 * 1024 };

/** The sending direction of a bytestream: cuts bytes into blocks and keeps the window full. */
export class OutgoingBlocks {
  readonly #options: OutgoingOptions;
  readonly #stop = new AbortController();
  #window: Window;
  readonly #queue: BlockQueue;
  /** What was sent, and what of it was acknowledged. */
  readonly underWay: BlocksUnderWay;
  #waitError: StanzaError | undefined;
  readonly #retries: RetryWaits;
  readonly #stallWatch: StallWatch;
  #sendOtherwise: (() => Window) | undefined;
  #whenRoom: (() => void) | undefined;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#sendOtherwise = options.sendOtherwise;
    this.#window = options.window;
    this.#retries = new RetryWaits(options.retry, options.clock);
    this.#queue = new BlockQueue(options.blockSize);
    this.underWay = this.#queue.underWay;
    this.#stallWatch = new StallWatch({
      ...{ clock: options.clock, over: this.#stop.signal, underWay: this.underWay },
      findPeer: () => options.findPeer(),
      failed: (error) => this.#fail(error),
    });
    setMaxListeners(0, this.#stop.signal); // one for each block under way
  }

  /** The number of the next block. */
  get seq(): number {
    return this.#queue.seq;
  }

  /** Bytes that were written and not acknowledged. */
  get pending(): number {
    return this.#queue.bytes + this.underWay.bytes;
  }

  /** See `Channel`. */
  get inBlocks(): InBlocks {
    const { limit, blockSize } = this.#window.settled;
    return { blockSize, window: Math.max(Math.floor(limit / blockSize), 1) };
  }

  /** Whether more may be written without much more than a window waiting. */
  get #hasRoom(): boolean {
    const { least, most } = READ_AHEAD_BYTES;
    return this.#queue.bytes < Math.min(Math.max(this.#window.limit, least), most);
  }

  /** Calls `goOn`, at once or later, when there is room for more. */
  write(bytes: Buffer, goOn: () => void): void {
    this.#queue.push(bytes);
    this.#whenRoom = goOn;
    // What is written in one turn is cut together: a short end is to be there when the block before it goes.
    if (this.underWay.count === 0) process.nextTick(() => this.#pumpAndAsk());
    else this.#pump();
    this.#askForMore();
  }

  /** Sends the last, short block too. */
  flush(): void {
    this.#queue.flush();
    this.#pump();
  }

  /** The recipient has shown that it works on what it has. */
  assumeAtWork(): void {
    this.#stallWatch.assumeAtWork();
  }

  /** Sends nothing more, and waits for no answers. */
  stop(): void {
    this.#stop.abort(new Error('the bytestream is over'));
  }

  #pumpAndAsk(): void {
    this.#pump();
    this.#askForMore();
  }

  #askForMore(): void {
    if (!this.#hasRoom || this.#stop.signal.aborted) return;
    const goOn = this.#whenRoom;
    this.#whenRoom = undefined;
    goOn?.();
  }

  #pump(): void {
    while (!this.#waitError && !this.#stop.signal.aborted) {
      const block = this.#queue.next(this.#window);
      if (!block) return;
      this.#stallWatch.start();
      this.#send(block);
    }
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
      full: this.#queue.bytes > 0,
    });
    if (this.#waitError) return this.#settle();
    this.underWay.acknowledge(block);
    this.#retries.reset();
    this.#options.acknowledged();
    this.#pumpAndAsk();
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
    const isFirst = this.underWay.acknowledged.blocks === 0 && this.#sendOtherwise !== undefined;
    return isFirst && condition === 'feature-not-implemented';
  }

  /**
   * After a wait error nothing is sent until every block under way has its answer. If the recipient
   * took none behind the one it could not take, all of them go again, with the same seqs; if it took
   * or refused one, it has seen a gap, and nothing can mend that (§2.2).
   */
  #settle(): void {
    if (this.underWay.isUnanswered) return;
    if (this.underWay.acknowledgeFirst() > 0) {
      this.#retries.reset();
      this.#options.acknowledged();
    }
    if (!this.underWay.mayAllGoAgain) {
      return this.#fail(new ChannelLost('a block was lost on the way', { cause: this.#waitError }));
    }
    void this.#retry(this.#waitError as StanzaError);
  }

  async #retry(error: StanzaError): Promise<void> {
    if (error.type !== 'wait') return this.#goOtherwise(error);
    if (this.#retries.areOver) {
      const message = `the recipient could still not take the block after ${this.#retries.count} retries`;
      return this.#fail(new ChannelLost(message, { cause: this.#waitError }));
    }
    if (!(await this.#retries.next(this.#stop.signal))) return;
    this.#window.refused();
    this.#sendAgain();
  }

  #goOtherwise(error: StanzaError): void {
    // A block behind the first was refused: what came of the others is known to the recipient alone.
    if (!this.#sendOtherwise || this.underWay.acknowledged.blocks > 0) return this.#fail(error);
    this.#window = this.#sendOtherwise();
    this.#sendOtherwise = undefined;
    this.#sendAgain();
    this.#pump();
  }

  /** All that is under way was refused, and goes again. */
  #sendAgain(): void {
    this.#waitError = undefined;
    this.#send(this.#queue.takeBack(this.#window.blockSize));
  }

  #fail(error: Error): void {
    if (this.#stop.signal.aborted) return;
    this.stop();
    this.#options.failed(error);
  }
}
