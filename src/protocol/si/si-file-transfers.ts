import { setMaxListeners } from 'node:events';
import { decided, tell } from '../../session/given/callbacks.js';
import { givenCall } from '../../session/given/given-call.js';
import { bareJid } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';
import type { Channel } from '../channel.js';
import type { FileOffer, FileRange } from '../file-offer.js';
import type { InBandBytestreams } from '../ibb/in-band-bytestreams.js';
import { whyNotOpened } from '../ibb/opening/why-not-opened.js';
import type { BytestreamSettings } from '../ibb/settings.js';
import { announcedSid } from '../ibb/stanzas.js';
import { sidKey } from '../sid.js';
import { IncomingSiFile } from './incoming-si-file.js';
import * as stanzas from './stanzas.js';

/** How one file is offered by SI, and how its bytestream is to be. */
export interface SiOfferOptions extends Partial<BytestreamSettings> {
  /** Milliseconds until `RequestTimeout`, while somebody over there makes up their mind. Default 300,000. */
  timeout?: number | undefined;
  /** Milliseconds until a close of ours counts as unconfirmed. Default 10,000: libpurple never answers one. */
  closeTimeout?: number | undefined;
  /** Aborted: the answer is not waited for any more. An accepted file ends by `destroy` of its channel. */
  signal?: AbortSignal | undefined;
}

/** A file that the peer has accepted, or the part of it that the peer wants: to be written to the bytestream. */
export interface OutgoingSiFile extends FileRange {
  /** Takes the bytes; `end()` closes it. */
  readonly channel: Channel;
  /** Whether the recipient acknowledges each block; what goes in messages is acknowledged by the close alone. */
  readonly acknowledgesBlocks: boolean;
}

const ANSWER_TIMEOUT_MS = 300_000;
const CLOSE_TIMEOUT_MS = 10_000;
/** Offers that are not answered yet, or whose bytestream is not there yet. */
const MAX_PENDING = 64;
/** Offers that one account may have waiting, whatever its resources. */
const MAX_PENDING_OF_ONE = 8;

/** SI file transfers (XEP-0095, XEP-0096) over in-band bytestreams, both roles. */
export class SiFileTransfers {
  /**
   * Called with each offer that a peer makes, which waits until it is accepted or declined. What it throws, or rejects
   * with, refuses the offer or breaks its bytestream off, and is told `onError` of `connect`.
   */
  onOffer: (offer: IncomingSiFile) => void = (offer) => offer.decline();
  /** Told of each offer that is refused unseen, and why. */
  onRefused: (peer: string, why: string) => void = () => undefined;
  /** Asked before an offer of a peer's is looked at; answers at once. */
  mayOffer: (peer: string) => boolean = () => true;
  readonly #session: Session;
  readonly #bytestreams: InBandBytestreams;
  readonly #pending = new Map<string, IncomingSiFile>();
  readonly #closed = new AbortController();
  readonly #unhandle: () => void;

  /** `bytestreams`: those of the same session, which carry the files. */
  constructor(session: Session, bytestreams: InBandBytestreams) {
    this.#session = session;
    this.#bytestreams = bytestreams;
    this.#unhandle = session.handle('set', stanzas.NS_SI, 'si', (element, { from }) => {
      this.#checkRoom(from);
      return this.#receive(this.#read(element, from), from);
    });
    // All offers that wait for their bytestreams listen to it.
    setMaxListeners(MAX_PENDING, this.#closed.signal);
    session.ended.addEventListener('abort', () => this.#end(session.ended.reason));
  }

  /**
   * Offers a file to a full JID; resolves when the peer has accepted and the bytestream is open. Rejects with
   * `StanzaError` (`forbidden`: declined), RangeError for a file without a size or an option that cannot be, and as
   * `request` does: some clients do not answer what they cannot use; with `ChannelLost` when the peer has accepted and
   * forgotten it. A bytestream that ends with `CloseUnconfirmed` has delivered every byte.
   */
  async offer(
    peer: string,
    file: FileOffer,
    options: SiOfferOptions = {},
  ): Promise<OutgoingSiFile> {
    const {
      signal,
      timeout = ANSWER_TIMEOUT_MS,
      closeTimeout = CLOSE_TIMEOUT_MS,
      ...settings
    } = givenCall(options);
    this.#bytestreams.blockSizeFor(settings); // throws RangeError
    const sid = announcedSid();
    const until = this.#orClosed(signal);
    const offer = stanzas.offer(sid, file);
    const reply = await this.#session.request('set', peer, offer, { timeout, signal: until });
    const range = stanzas.readAcceptedRange(reply, file);
    const opened = this.#bytestreams.open(peer, {
      ...settings,
      sid,
      fixedBlockSize: false,
      closeTimeout,
      signal: until,
    });
    const channel = await opened.catch((error) => Promise.reject(whyNotOpened(error)));
    return {
      ...{ channel, ...range },
      get acknowledgesBlocks() {
        return channel.stanza === 'iq';
      },
    };
  }

  /** Takes no more offers and declines those that wait. What has begun goes on. */
  close(): void {
    this.#unhandle();
    this.#end(new Error('the service was closed'));
  }

  #read(element: Element, peer: string): stanzas.SiOffer {
    try {
      return stanzas.readOffer(element);
    } catch (error) {
      if (error instanceof StanzaError) {
        const { text } = error;
        tell(
          () => this.onRefused(peer, text),
          (failure) => this.#session.report(failure),
        );
      }
      throw error;
    }
  }

  async #receive(offer: stanzas.SiOffer, peer: string): Promise<Element> {
    const { sid } = offer;
    const key = sidKey(peer, sid);
    if (this.#pending.has(key)) throw notAcceptable('the id is in use');
    const expect = (signal?: AbortSignal) =>
      this.#bytestreams
        .expect(peer, sid, { signal: this.#orClosed(signal) })
        .finally(() => this.#pending.delete(key));
    const file = new IncomingSiFile(peer, offer, expect);
    this.#pending.set(key, file);
    file.answer.catch(() => this.#pending.delete(key));
    const failed = (error: Error) => {
      file.giveUp(error);
      this.#session.report(error);
    };
    tell(() => this.onOffer(file), failed);
    return file.answer;
  }

  #checkRoom(peer: string): void {
    const offers = [...this.#pending.values()].map((file) => bareJid(file.peer));
    const account = bareJid(peer);
    const ofPeer = offers.filter((other) => other === account).length;
    const isFull = offers.length >= MAX_PENDING || ofPeer >= MAX_PENDING_OF_ONE;
    if (isFull || !decided(this.mayOffer(peer), 'mayOffer')) {
      throw new StanzaError('wait', 'resource-constraint', 'too many offers at once');
    }
  }

  #orClosed(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
  }

  #end(reason: Error): void {
    this.#closed.abort(reason);
    for (const file of this.#pending.values()) file.decline();
  }
}

const notAcceptable = (text: string) => new StanzaError('cancel', 'not-acceptable', text);
