import { Duplex } from 'node:stream';
import { StanzaError } from '../../session/stanza-error.js';
import { type Channel, ChannelBroken, type InBlocks } from '../channel.js';
import { readToEnd } from '../read-to-end.js';
import type { BytestreamLink, BytestreamOptions } from './bytestream-link.js';
import { Ending, REFUSED } from './ending.js';
import { IncomingBlocks } from './incoming-blocks.js';
import { OutgoingBlocks } from './sending/outgoing-blocks.js';
import type { Data, StanzaMode } from './stanzas.js';

/**
 * An In-Band Bytestream (XEP-0047). A block that came in is acknowledged when the reader asks for more after it, so
 * that reading with `for await` acknowledges what has been dealt with.
 */
export class Bytestream extends Duplex implements Channel {
  readonly peer: string;
  /** Names it, beside the two JIDs (§2.1). */
  readonly sid: string;
  /** Bytes in a block, at most, in both directions. */
  readonly blockSize: number;
  readonly peerClosed: Promise<void>;
  /** @internal What has come of the peer's, whether the reader has asked for it or not. */
  readonly incoming: IncomingBlocks;
  readonly #outgoing: OutgoingBlocks;
  readonly #ending: Ending;
  #wanted = false;
  /** A block of ours was refused: by the peer, or by a server on the way, and the peer knows nothing of that. */
  #refused = false;
  #whenSent: (() => void) | undefined;
  /** @internal Settles when the reader has dealt with all that came so far. */
  settled = Promise.resolve();
  readonly #link: BytestreamLink;
  /** @internal */ override [Symbol.asyncIterator] = readToEnd;

  /** @internal */ constructor(options: BytestreamOptions, link: BytestreamLink) {
    // Nothing is read ahead: what is in the readable buffer would count as dealt with.
    super({ readableHighWaterMark: 0, allowHalfOpen: options.isAccepted });
    this.peer = options.peer;
    this.sid = options.sid;
    this.blockSize = options.blockSize;
    this.#link = link;
    this.#ending = new Ending(link);
    this.peerClosed = this.#ending.peerClosed;
    // The peer may spoil it while nobody listens yet; reading and writing tell of the error all the same.
    this.on('error', () => undefined);
    this.incoming = new IncomingBlocks(options, link.stanza, () => this.#deliver());
    this.#outgoing = new OutgoingBlocks({
      ...options,
      send: (seq, bytes, signal) => link.sendData(seq, bytes, signal),
      sendOtherwise: link.useMessages,
      findPeer: () => link.findPeer(),
      acknowledged: () => this.#acknowledged(),
      failed: (error) => {
        this.#refused = error instanceof StanzaError;
        this.#failed(error);
      },
    });
  }

  /** How its blocks travel. */ get stanza(): StanzaMode {
    return this.#link.stanza;
  }

  get bytesSent(): number {
    return this.#outgoing.underWay.acknowledged.bytes;
  }

  /** Blocks of ours that the peer has acknowledged. */ get blocksSent(): number {
    return this.#outgoing.underWay.acknowledged.blocks;
  }

  get bytesReceived(): number {
    return this.incoming.bytesTaken;
  }

  get bytesUnderWay(): number {
    return this.#outgoing.underWay.bytes;
  }

  get provenBlock(): number {
    return this.#outgoing.underWay.provenBlock;
  }

  get unprovenBlock(): number {
    return this.#outgoing.underWay.unprovenBlock;
  }

  get inBlocks(): InBlocks {
    return this.#outgoing.inBlocks;
  }

  get closeAcknowledged(): boolean {
    return this.#ending.isAcknowledged;
  }

  /** The peer can say nothing more. */
  get #isOver(): boolean {
    return this.#ending.isForgotten || this.destroyed;
  }

  /** @internal Takes a block of the peer's; resolves when it may be acknowledged, throws `StanzaError`. */
  receiveData(data: Data): Promise<void> {
    if (this.#isOver) throw new StanzaError('cancel', 'item-not-found');
    try {
      this.settled = this.incoming.receive(data);
      return this.settled;
    } catch (error) {
      // §2.2: after a gap nothing may be used any more. A block refused with `wait` leaves none.
      if ((error as StanzaError).type !== 'wait') this.#failed(error as Error);
      throw error instanceof StanzaError ? error : REFUSED;
    }
  }

  /** @internal Takes the peer's close; resolves when it may be acknowledged (§2.3). */
  receiveClose(): Promise<void> {
    if (this.#isOver) throw new StanzaError('cancel', 'item-not-found');
    this.#ending.assumeForgotten();
    // Messages on the way are not refused one by one, so that this is the only sign that they are lost.
    if (this.stanza === 'message' && this.#outgoing.pending > 0 && !this.#ending.isClosing) {
      this.destroy(new ChannelBroken(this.#outgoing.pending, new Error('it closed')));
      return Promise.resolve();
    }
    this.#deliver();
    return this.#ending.answered();
  }

  endAt(bytes: number): void {
    this.incoming.endAt(bytes);
    this.#deliver();
  }

  acknowledgeClose(): Promise<void> {
    return this.#ending.acknowledge();
  }

  assumeClosed(): void {
    if (!this.#isOver) this.receiveClose().catch(() => undefined); // nobody waits for the answer
  }

  assumeTaken(bytes: number): void {
    this.#ending.assumeTaken(bytes);
  }

  assumeAtWork(): void {
    this.#outgoing.assumeAtWork();
  }

  abandon(error?: Error): void {
    this.#ending.assumeForgotten();
    this.destroy(error);
  }

  /** @internal */ override _read(): void {
    this.#wanted = true;
    this.#deliver();
  }

  #deliver(): void {
    if (!this.#wanted || this.destroyed) return;
    const bytes = this.incoming.take();
    if (!bytes && !this.#ending.isForgotten && !this.incoming.isAtEnd) return;
    this.#wanted = false;
    this.push(bytes ?? null);
  }

  /** @internal */ override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#outgoing.write(bytes, done);
  }

  /** @internal */ override _final(done: (error?: Error | null) => void): void {
    this.#whenSent = () => {
      this.#whenSent = undefined;
      const closed = this.#ending.close(this.bytesSent).then(() => this.#deliver());
      closed.then(() => done(), done);
    };
    this.#outgoing.flush();
    if (this.#outgoing.pending === 0) this.#whenSent();
  }

  #acknowledged(): void {
    if (this.destroyed) return;
    this.emit('acknowledged');
    if (this.#outgoing.pending === 0) this.#whenSent?.();
  }

  #failed(error: Error): void {
    const { pending } = this.#outgoing;
    this.destroy(error instanceof StanzaError ? new ChannelBroken(pending, error) : error);
  }

  /** @internal */ override _destroy(
    error: Error | null,
    done: (error: Error | null) => void,
  ): void {
    this.#outgoing.stop();
    this.incoming.fail(error instanceof ChannelBroken ? error.cause : error);
    this.#ending.breakOff(error, this.#outgoing.seq, this.#refused);
    done(error);
  }
}
