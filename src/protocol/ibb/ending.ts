import { RequestTimeout } from '../../session/requests.js';
import { StanzaError } from '../../session/stanza-error.js';
import { ChannelBroken, CloseUnconfirmed } from '../channel.js';
import { SEQ_MODULUS } from './stanzas.js';

/** What the peer hears of blocks that came in vain; the reason is not its business. */
export const REFUSED = new StanzaError('cancel', 'not-acceptable');

/** The stanzas that end a bytestream. */
export interface EndingLink {
  /** Sends a block that the peer must refuse by closing: XEP-0047 has no other way to break off (see `breakOff`). */
  spoil(seq: number, bytes: Buffer): Promise<void>;
  /** Resolves when the close is acknowledged. */
  sendClose(): Promise<void>;
}

/** The end of a bytestream, on either side (XEP-0047 §2.3). */
export class Ending {
  /** Resolves when the peer's close has come, or cannot come any more. */
  readonly peerClosed: Promise<void>;
  readonly #link: EndingLink;
  #isClosing = false;
  #isAcknowledged = false;
  #isForgotten = false;
  #answer: ((error?: Error) => void) | undefined;
  #tellPeerClosed: () => void = () => undefined;
  /** Bytes of ours before our close, and those that the peer says it has. */
  #sent = Number.POSITIVE_INFINITY;
  #taken = -1;
  readonly #isTaken: Promise<void>;
  #tellTaken: () => void = () => undefined;

  constructor(link: EndingLink) {
    this.#link = link;
    this.#isTaken = new Promise((resolve) => {
      this.#tellTaken = resolve;
    });
    this.peerClosed = new Promise((resolve) => {
      this.#tellPeerClosed = resolve;
    });
  }

  /** Our side has ended, or is about to. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** The peer has acknowledged our close. */
  get isAcknowledged(): boolean {
    return this.#isAcknowledged;
  }

  /** The peer knows nothing of the bytestream any more. */
  get isForgotten(): boolean {
    return this.#isForgotten;
  }

  /** Nothing more is said to the peer. */
  assumeForgotten(): void {
    this.#isForgotten = true;
  }

  /** Resolves when the peer's close, which has come, may be acknowledged. */
  answered(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answer = (error) => (error ? reject(error) : resolve());
      // Both have closed: ours says already that nothing more comes.
      if (this.#isClosing) this.#answer();
      this.#tellPeerClosed();
    });
  }

  /** Acknowledges the peer's close, when it comes or has come; resolves then. */
  acknowledge(): Promise<void> {
    this.#isClosing = true;
    this.#answer?.();
    return this.peerClosed;
  }

  /** The peer has said elsewhere that it has so many bytes: where they are all, no answer to our close is waited for. */
  assumeTaken(bytes: number): void {
    this.#taken = bytes;
    if (bytes >= this.#sent) this.#tellTaken();
  }

  /**
   * Closes our side behind so many bytes; or acknowledges the close of the peer, who has been faster. Rejects with
   * `ChannelBroken`.
   */
  async close(sent: number): Promise<void> {
    if (this.#isForgotten) return this.#answer?.();
    this.#isClosing = true;
    this.#sent = sent;
    this.assumeTaken(this.#taken);
    try {
      await Promise.race([this.#link.sendClose(), this.#isTaken]);
      this.#isAcknowledged = true;
    } catch (error) {
      // The peer has closed at the same moment and knows nothing of the bytestream any more.
      if (!this.#isForgotten) throw closeError(error as Error);
    }
    this.#isForgotten = true;
    this.#tellPeerClosed();
  }

  /**
   * It is over. §2.2: what one side refused is followed by a close. Otherwise the peer does not know that anything is
   * wrong, and would take a close for the end; XEP-0047 has no other way to break off than a block out of sequence,
   * which the recipient must answer by closing. `seq`: of our next block; `isRefused`: a block of ours was refused, by
   * the peer, or by a server on the way, and the peer knows nothing of that.
   */
  breakOff(error: Error | null, seq: number, isRefused: boolean): void {
    this.#answer?.(REFUSED);
    this.#tellPeerClosed();
    if (this.#isForgotten || this.#isClosing) return;
    const isKnown = error instanceof StanzaError || error instanceof ChannelBroken;
    const sendClose = () => this.#link.sendClose();
    const spoil = () => this.#link.spoil(outOfSequence(seq), OUT_OF_SEQUENCE);
    // A peer that takes the block out of sequence would take the close for the end, too.
    const sent = isRefused ? spoil().catch(sendClose) : isKnown ? sendClose() : spoil();
    // Nobody waits for the answer any more.
    sent.catch(() => undefined);
  }
}

function closeError(error: Error): ChannelBroken {
  const unanswered = error instanceof RequestTimeout;
  const forgotten = error instanceof StanzaError && error.condition === 'item-not-found';
  return unanswered || forgotten ? new CloseUnconfirmed(error) : new ChannelBroken(0, error);
}

const OUT_OF_SEQUENCE = Buffer.of(0);
const outOfSequence = (seq: number) => (seq + SEQ_MODULUS / 2) % SEQ_MODULUS;
