import type { Channel } from '../../../../src/protocol/channel.js';
import type { InBandBytestreams } from '../../../../src/protocol/ibb/in-band-bytestreams.js';
import type {
  Negotiation,
  Negotiators,
  Transport,
} from '../../../../src/protocol/jingle/transports/transport.js';
import { randomSid } from '../../../../src/protocol/sid.js';
import { StanzaError } from '../../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../../src/session/xml.js';

export const NS_PIPE = 'urn:example:transports:pipe';

/**
 * A second transport, with the manners of SOCKS5 (XEP-0260): both parties tell by a `transport-info` whether they see a
 * way, and there is a channel where both do. Its bytes travel in bytestreams of their own.
 */
export const pipeTransport = (
  bytestreams: InBandBytestreams,
  seesWay: () => boolean = () => true,
): Transport => ({
  xmlns: NS_PIPE,
  features: [NS_PIPE],
  offer: (negotiators) => new PipeNegotiation(bytestreams, negotiators, randomSid(), seesWay),
  answer: (negotiators, { attrs: { sid } }) => {
    if (!sid) throw new StanzaError('modify', 'bad-request', 'pipe needs a sid');
    return new PipeNegotiation(bytestreams, negotiators, sid, seesWay);
  },
});

class PipeNegotiation implements Negotiation {
  readonly standsAlone = false;
  readonly #bytestreams: InBandBytestreams;
  readonly #negotiators: Negotiators;
  readonly #seesWay: () => boolean;
  #heard: (seesWay: boolean) => void = () => undefined;
  readonly #peerSeesWay: Promise<boolean>;

  constructor(
    bytestreams: InBandBytestreams,
    negotiators: Negotiators,
    readonly sid: string,
    seesWay: () => boolean,
  ) {
    this.#bytestreams = bytestreams;
    this.#negotiators = negotiators;
    this.#seesWay = seesWay;
    this.#peerSeesWay = new Promise((resolve, reject) => {
      this.#heard = resolve;
      negotiators.over.addEventListener('abort', () => reject(negotiators.over.reason));
    });
    this.#peerSeesWay.catch(() => undefined);
  }

  async describe(): Promise<Element> {
    return this.#element();
  }

  agreed(answer: Element): void {
    const isPipe = answer.getNS() === NS_PIPE;
    if (!isPipe || answer.attrs.sid !== this.sid)
      throw new StanzaError('modify', 'bad-request', 'another pipe');
  }

  informed(element: Element): void {
    const [said] = element.getChildElements();
    if (!said) throw new StanzaError('modify', 'bad-request', 'pipe says nothing');
    this.#heard(said.name === 'way');
  }

  async open(signal: AbortSignal): Promise<Channel> {
    await this.#negotiate(signal);
    return this.#bytestreams.open(this.#negotiators.peer, { sid: this.sid, blockSize: 4, signal });
  }

  async expect(signal: AbortSignal): Promise<Channel> {
    const stop = new AbortController();
    const until = AbortSignal.any([signal, stop.signal]);
    const { peer } = this.#negotiators;
    const opened = this.#bytestreams.expect(peer, this.sid, { signal: until });
    opened.catch(() => undefined);
    await this.#negotiate(signal).catch((error) => stop.abort(error));
    return opened;
  }

  async #negotiate(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const isOurs = this.#seesWay();
    await this.#negotiators.inform(this.#element(isOurs ? 'way' : 'no-way'));
    signal.throwIfAborted();
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    const isTheirs = await Promise.race([this.#peerSeesWay, stopped]);
    if (!isTheirs || !isOurs) throw new Error('no way through');
  }

  #element(...said: string[]): Element {
    return xml('transport', { xmlns: NS_PIPE, sid: this.sid }, ...said.map((name) => xml(name)));
  }
}
