import { awaitedOrNot } from '../../session/given/callbacks.js';
import { givenCall } from '../../session/given/given-call.js';
import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';
import type { Channel } from '../channel.js';
import { checkOffset, type FileOffer } from '../file-offer.js';
import { answer, type SiOffer } from './stanzas.js';

/** How a file that was offered by SI is accepted. */
export interface SiAcceptOptions {
  /** Bytes at the beginning of the file that are not to be sent. Default 0. */
  offset?: number | undefined;
  /** Aborted: the bytestream is not waited for any more. */
  signal?: AbortSignal | undefined;
}

/** A file that a peer offers. The peer waits until it is accepted or declined. */
export class IncomingSiFile {
  /** The sender's full JID. */
  readonly peer: string;
  /** The sid of the bytestream that brings it. */
  readonly sid: string;
  /** What the sender says of it. */
  readonly offer: FileOffer;
  /** Whether the sender can start at an offset. */
  readonly ranged: boolean;
  /** @internal What the offer is answered with; rejects with the `StanzaError` that declines it. */
  readonly answer: Promise<Element>;
  readonly #expect: (signal?: AbortSignal) => Promise<Channel>;
  /** The bytestream, once it is there. */
  #channel: Channel | undefined;
  readonly #over = new AbortController();
  #settle: ((outcome: Element | StanzaError) => void) | undefined;

  /** @internal `expect` resolves to the bytestream that the peer is to open. */
  constructor(
    peer: string,
    { sid, file, ranged }: SiOffer,
    expect: (signal?: AbortSignal) => Promise<Channel>,
  ) {
    this.peer = peer;
    this.sid = sid;
    this.offer = file;
    this.ranged = ranged;
    this.#expect = expect;
    this.answer = new Promise((resolve, reject) => {
      this.#settle = (outcome) =>
        outcome instanceof StanzaError ? reject(outcome) : resolve(outcome);
    });
  }

  /**
   * Resolves to the bytestream when the sender has opened it; the sender's close is to be acknowledged by
   * `acknowledgeClose` when the file has been kept. Rejects with RangeError for an offset that the sender
   * cannot start at, `ChannelNotOpened`, or the signal's reason; and when it is too late to accept.
   */
  accept(options: SiAcceptOptions = {}): Promise<Channel> {
    return awaitedOrNot(this.#accept(options));
  }

  async #accept(options: SiAcceptOptions): Promise<Channel> {
    const { offset = 0, signal } = givenCall(options);
    checkOffset(offset, this.offer, this.ranged);
    signal?.throwIfAborted();
    if (!this.#settle) throw new Error('the offer has been answered, or its time is over');
    const over = this.#over.signal;
    const expected = this.#expect(signal ? AbortSignal.any([signal, over]) : over);
    const opened = expected.then((channel) => this.#take(channel));
    this.#answer(answer(offset));
    return opened;
  }

  /** It may have come when we had just failed. */
  #take(channel: Channel): Channel {
    this.#channel = channel;
    if (this.#over.signal.aborted) channel.destroy();
    this.#over.signal.throwIfAborted();
    return channel;
  }

  /** Nothing happens where it has been answered. */
  decline(): void {
    this.#answer(new StanzaError('cancel', 'forbidden', 'Offer Declined'));
  }

  /** It may be offered again in a while. Nothing happens where it has been answered. */
  refuseForNow(): void {
    this.#answer(new StanzaError('wait', 'resource-constraint', 'busy'));
  }

  /** @internal We have failed: refuses it, or breaks off what was accepted. */
  giveUp(error: Error): void {
    this.#answer(new StanzaError('cancel', 'internal-server-error'));
    this.#over.abort(error);
    this.#channel?.destroy();
  }

  #answer(outcome: Element | StanzaError): void {
    this.#settle?.(outcome);
    this.#settle = undefined;
  }
}
