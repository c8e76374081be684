import { Duplex } from 'node:stream';
import { RequestTimeout } from '../../session/requests.js';
import { StanzaError } from '../../session/stanza-error.js';
import { type Channel, ChannelBroken, ChannelOverrun, CloseUnconfirmed } from '../channel.js';
import { IncomingBlocks } from './incoming-blocks.js';
import { OutgoingBlocks, type OutgoingOptions } from './outgoing-blocks.js';
import type { PeerState } from './stall-watch.js';
import { type Data, SEQ_MODULUS, type StanzaMode } from './stanzas.js';
import type { Window } from './window.js';

/**
 * What may wait for the reader: in iqs, as much as a peer with a window of 1 MiB has under way; in messages,
 * which cannot be refused for now, what a peer sends that does not pace itself.
 */
const MAX_WAITING_BYTES = { iq: 1024 * 1024 + 65_536, message: 8 * 1024 * 1024 };

/** The stanzas of one bytestream, as it needs them sent. */
export interface BytestreamLink {
  /** Resolves when the block is acknowledged. Aborted: nobody waits for that any more. */
  sendData(seq: number, bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** Sends a block that the peer is to refuse; what it answers does not matter. */
  spoil(seq: number, bytes: Buffer): Promise<void>;
  /** Resolves when the close is acknowledged. */
  sendClose(): Promise<void>;
  /** Whether the peer is still there, as far as can be known. */
  findPeer(): Promise<PeerState>;
  /** From now on blocks go in messages, in this window; absent where they are not to. */
  useMessages?: (() => Window) | undefined;
}

export interface BytestreamOptions extends Pick<OutgoingOptions, 'window' | 'retry' | 'clock'> {
  /** The other party's full JID. */
  peer: string;
  sid: string;
  blockSize: number;
  stanza: StanzaMode;
  /** Whether the end of what comes in leaves our side open. Default false. */
  halfOpen?: boolean | undefined;
}

/**
 * An In-Band Bytestream (XEP-0047): bytes both ways. A block that came in is acknowledged when the
 * reader asks for more after it, so reading with `for await` acknowledges what has been dealt with.
 *
 * `end()` sends what is left and closes; `finish` means that the peer has acknowledged the close.
 * A close by the peer ends the readable side, and is acknowledged when our side has ended as well.
 * `destroy()` breaks the bytestream off in a way that the peer cannot take for its end.
 *
 * Emits `acknowledged` after blocks of ours that the peer has taken.
 */
export class Bytestream extends Duplex implements Channel {
  readonly peer: string;
  readonly sid: string;
  /** Bytes in a block, at most, in both directions. */
  readonly blockSize: number;
  /** Resolves when the peer's close has come, or cannot come any more. */
  readonly peerClosed: Promise<void>;
  readonly #link: BytestreamLink;
  readonly #incoming: IncomingBlocks;
  readonly #outgoing: OutgoingBlocks;
  #wanted = false;
  /** A block of ours was refused: by the peer, or by a server on the way, and the peer knows nothing of that. */
  #refused = false;
  #closing = false;
  #closeAcknowledged = false;
  #peerClosed = false;
  #whenRoom: (() => void) | undefined;
  #whenSent: (() => void) | undefined;
  #settled = Promise.resolve();
  #answerClose: ((error?: Error) => void) | undefined;
  #tellPeerClosed: () => void = () => undefined;
  #endsAt = Number.POSITIVE_INFINITY;
  #stanza: StanzaMode;

  constructor(options: BytestreamOptions, link: BytestreamLink) {
    // Nothing is read ahead: what is in the readable buffer would count as dealt with.
    super({ readableHighWaterMark: 0, allowHalfOpen: options.halfOpen ?? false });
    this.peer = options.peer;
    this.sid = options.sid;
    this.blockSize = options.blockSize;
    this.#stanza = options.stanza;
    this.#link = link;
    this.peerClosed = new Promise((resolve) => {
      this.#tellPeerClosed = resolve;
    });
    // The peer may spoil it while its owner still gets ready and does not listen; reading and writing
    // tell of the error all the same.
    this.on('error', () => undefined);
    this.#incoming = new IncomingBlocks(options.blockSize, MAX_WAITING_BYTES[options.stanza], () =>
      this.#deliver(),
    );
    this.#outgoing = new OutgoingBlocks({
      ...options,
      send: (seq, bytes, signal) => link.sendData(seq, bytes, signal),
      sendOtherwise: this.#inMessages(link),
      findPeer: () => link.findPeer(),
      acknowledged: () => this.#acknowledged(),
      failed: (error) => {
        this.#refused = error instanceof StanzaError;
        this.#failed(error);
      },
    });
  }

  /** How blocks travel. */
  get stanza(): StanzaMode {
    return this.#stanza;
  }

  /** Bytes of ours that the peer has acknowledged. */
  get bytesSent(): number {
    return this.#outgoing.bytes;
  }

  get blocksSent(): number {
    return this.#outgoing.blocks;
  }

  get bytesReceived(): number {
    return this.#incoming.bytesTaken;
  }

  /** Bytes of the peer's that came, whether the reader has asked for them or not. */
  get bytesArrived(): number {
    return this.#incoming.bytes;
  }

  /** Bytes that were sent, and that the peer has not acknowledged. */
  get bytesUnderWay(): number {
    return this.#outgoing.underWay;
  }

  get blocksReceived(): number {
    return this.#incoming.blocks;
  }

  /** The peer has acknowledged our close: it has all that we sent. A peer that closes first says nothing of that. */
  get closeAcknowledged(): boolean {
    return this.#closeAcknowledged;
  }

  /** Settles when the reader has dealt with all that came so far. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /** Takes a block of the peer's; resolves when it may be acknowledged, throws `StanzaError`. */
  receiveData(data: Data): Promise<void> {
    if (this.#peerClosed || this.destroyed) throw new StanzaError('cancel', 'item-not-found');
    // What is out of sequence breaks it off, and says nothing of the bytes.
    const isNext = data.seq === this.blocksReceived % SEQ_MODULUS;
    if (isNext && this.bytesArrived + (data.bytes?.length ?? 0) > this.#endsAt) {
      this.destroy(new ChannelOverrun(this.#outgoing.pending));
      throw REFUSED;
    }
    try {
      this.#settled = this.#incoming.receive(data);
      return this.#settled;
    } catch (error) {
      // §2.2: after a gap nothing may be used any more. A block refused with `wait` leaves none.
      if ((error as StanzaError).type !== 'wait') this.#failed(error as Error);
      throw error;
    }
  }

  /** Takes the peer's close; resolves when it may be acknowledged (§2.3). */
  receiveClose(): Promise<void> {
    if (this.#peerClosed || this.destroyed) throw new StanzaError('cancel', 'item-not-found');
    this.#peerClosed = true;
    // Messages on the way are not refused one by one, so that this is the only sign that they are lost.
    if (this.stanza === 'message' && this.#outgoing.pending > 0 && !this.#closing) {
      this.destroy(new ChannelBroken(this.#outgoing.pending, new Error('it closed')));
      return Promise.resolve();
    }
    this.#deliver();
    return new Promise((resolve, reject) => {
      this.#answerClose = (error) => (error ? reject(error) : resolve());
      // Both have closed: ours says already that nothing more comes.
      if (this.#closing) this.#answerClose();
      this.#tellPeerClosed();
    });
  }

  /**
   * The readable side ends after so many bytes, for their number was agreed on elsewhere and not each peer closes; a
   * close that comes later is acknowledged all the same. More bytes break the bytestream off.
   */
  endAt(bytes: number): void {
    this.#endsAt = bytes;
    this.#deliver();
  }

  /** Acknowledges the peer's close; resolves when it has come, or cannot come any more. Sends none. */
  acknowledgeClose(): Promise<void> {
    this.#closing = true;
    this.#answerClose?.();
    return this.peerClosed;
  }

  assumeClosed(): void {
    if (this.#peerClosed || this.destroyed) return;
    this.receiveClose().catch(() => undefined); // nobody waits for the answer
  }

  /** Ends it without a word to the peer, who cannot hear it or has never known of it. */
  abandon(error?: Error): void {
    this.#peerClosed = true;
    this.destroy(error);
  }

  override _read(): void {
    this.#wanted = true;
    this.#deliver();
  }

  #deliver(): void {
    if (!this.#wanted || this.destroyed) return;
    const bytes = this.#incoming.take();
    if (!bytes && !this.#peerClosed && this.bytesArrived < this.#endsAt) return;
    this.#wanted = false;
    this.push(bytes ?? null);
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#outgoing.write(bytes);
    if (this.#outgoing.hasRoom) done();
    else this.#whenRoom = done;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#whenSent = () => {
      this.#whenSent = undefined;
      this.#finish().then(() => done(), done);
    };
    this.#outgoing.flush();
    if (this.#outgoing.pending === 0) this.#whenSent();
  }

  #inMessages({ useMessages }: BytestreamLink): (() => Window) | undefined {
    if (!useMessages) return undefined;
    return () => {
      this.#stanza = 'message';
      return useMessages();
    };
  }

  #acknowledged(): void {
    if (this.destroyed) return;
    this.emit('acknowledged');
    if (this.#outgoing.pending === 0) this.#whenSent?.();
    if (!this.#outgoing.hasRoom) return;
    const more = this.#whenRoom;
    this.#whenRoom = undefined;
    more?.();
  }

  async #finish(): Promise<void> {
    if (this.#peerClosed) return this.#answerClose?.();
    this.#closing = true;
    try {
      await this.#link.sendClose();
      this.#closeAcknowledged = true;
    } catch (error) {
      // The peer has closed at the same moment and knows nothing of the bytestream any more.
      if (!this.#peerClosed) throw closeError(error as Error);
    }
    this.#peerClosed = true;
    this.#tellPeerClosed();
    this.#deliver();
  }

  #failed(error: Error): void {
    const refused = error instanceof StanzaError;
    this.destroy(refused ? new ChannelBroken(this.#outgoing.pending, error) : error);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#outgoing.stop();
    const why = error instanceof ChannelBroken ? error.cause : error;
    this.#incoming.fail(why instanceof StanzaError ? why : REFUSED);
    this.#answerClose?.(REFUSED);
    this.#tellPeerClosed();
    if (!this.#peerClosed && !this.#closing) this.#breakOff(error);
    done(error);
  }

  /**
   * §2.2: what one side refused is followed by a close. Otherwise the peer does not know that
   * anything is wrong, and would take a close for the end; XEP-0047 has no other way to break off than
   * a block out of sequence, which the recipient must answer by closing.
   */
  #breakOff(error: Error | null): void {
    const isKnown = error instanceof StanzaError || error instanceof ChannelBroken;
    const { sendClose } = this.#link;
    const spoil = () => this.#link.spoil(outOfSequence(this.#outgoing.seq), OUT_OF_SEQUENCE);
    // Who takes the block out of sequence would take the close for the end, too.
    const sent = this.#refused ? spoil().catch(sendClose) : isKnown ? sendClose() : spoil();
    // Nobody waits for the answer any more.
    sent.catch(() => undefined);
  }
}

function closeError(error: Error): ChannelBroken {
  const unanswered = error instanceof RequestTimeout;
  const forgotten = error instanceof StanzaError && error.condition === 'item-not-found';
  return unanswered || forgotten ? new CloseUnconfirmed(error) : new ChannelBroken(0, error);
}

/** What the peer hears of blocks that came in vain; the reason is not its business. */
const REFUSED = new StanzaError('cancel', 'not-acceptable');

const OUT_OF_SEQUENCE = Buffer.of(0);
const outOfSequence = (seq: number) => (seq + SEQ_MODULUS / 2) % SEQ_MODULUS;
