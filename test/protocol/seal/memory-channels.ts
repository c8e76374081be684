import { Duplex } from 'node:stream';
import { type Channel, ChannelBroken, ChannelLost } from '../../../src/protocol/channel.js';
import { readToEnd } from '../../../src/protocol/read-to-end.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';

/** May change a block on its way, or lose it; `undefined` kills the channel. */
export type OnItsWay = (block: Buffer, number: number) => Buffer[] | undefined;

/** A channel in memory: a block for each write, which is acknowledged when it is asked for; until then there is no room. */
export class MemoryChannel extends Duplex implements Channel {
  readonly peer: string;
  bytesSent = 0;
  bytesReceived = 0;
  closeAcknowledged = false;
  readonly peerClosed: Promise<void>;
  /** What was written. */
  readonly written: Buffer[] = [];
  other: MemoryChannel = this;
  readonly #onItsWay: OnItsWay;
  #underWay = 0;
  #blocks: Buffer[] = [];
  #acknowledge: (() => void) | undefined;
  #isClosed = false;
  #wanted = false;
  #tellClosed: () => void = () => undefined;
  override [Symbol.asyncIterator] = readToEnd;

  constructor(peer: string, onItsWay: OnItsWay) {
    super({ readableHighWaterMark: 0, writableHighWaterMark: 1 });
    this.peer = peer;
    this.#onItsWay = onItsWay;
    this.peerClosed = new Promise((resolve) => {
      this.#tellClosed = resolve;
    });
    this.on('error', () => undefined);
  }

  readonly provenBlock = 0;
  readonly unprovenBlock = 0;

  get bytesUnderWay(): number {
    return this.#underWay;
  }

  endAt(): void {}

  async acknowledgeClose(): Promise<void> {}

  assumeClosed(): void {
    this.#close();
  }

  assumeTaken(): void {}

  abandon(error?: Error): void {
    this.destroy(error);
  }

  override _write(block: Buffer, _encoding: string, done: () => void): void {
    const blocks = this.#onItsWay(block, this.written.push(block) - 1);
    if (!blocks) {
      this.destroy(new ChannelLost('it died'));
      return;
    }
    this.#underWay += block.length;
    this.other.#take(blocks, () => {
      this.#underWay -= block.length;
      this.bytesSent += block.length;
      this.emit('acknowledged');
      done();
    });
  }

  #take(blocks: Buffer[], acknowledge: () => void): void {
    this.#blocks.push(...blocks);
    this.#acknowledge = acknowledge;
    this.#deliver();
  }

  override _read(): void {
    this.#wanted = true;
    this.#deliver();
  }

  #deliver(): void {
    if (!this.#wanted) return;
    const block = this.#blocks.shift();
    if (block) {
      this.#wanted = false;
      this.bytesReceived += block.length;
      this.push(block);
      return;
    }
    const acknowledge = this.#acknowledge;
    this.#acknowledge = undefined;
    acknowledge?.();
    if (this.#isClosed && this.#blocks.length === 0) this.push(null);
  }

  override _final(done: () => void): void {
    this.other.#close();
    this.closeAcknowledged = true;
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#tellClosed();
    const isDead = error instanceof ChannelLost;
    const broken = isDead ? error : new ChannelBroken(0, new Error('it was broken off'));
    if (!this.writableFinished) this.other.destroy(broken);
    done(error);
  }

  #close(): void {
    this.#isClosed = true;
    this.#tellClosed();
    this.#deliver();
  }
}

/** Romeo's end of a channel to Juliet, and hers. */
export function memoryChannels(onItsWay: OnItsWay = (block) => [block]) {
  const his = new MemoryChannel(JULIET, onItsWay);
  const hers = new MemoryChannel(ROMEO, (block) => [block]);
  [his.other, hers.other] = [hers, his];
  return { his, hers };
}
