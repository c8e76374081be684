// XEP-0261 Jingle In-Band Bytestreams Transport Method 1.0.
import type { Element } from '../../../session/xml.js';
import type { Channel } from '../../channel.js';
import { withDefaults } from '../../ibb/given-settings.js';
import type { InBandBytestreams } from '../../ibb/in-band-bytestreams.js';
import { whyNotOpened } from '../../ibb/opening/why-not-opened.js';
import { SAFE_BLOCK_SIZE } from '../../ibb/sending/block-sizes.js';
import { agreedStanza } from '../../ibb/settings.js';
import { announcedSid, isAnnounced, type Open } from '../../ibb/stanzas.js';
import { NS_JINGLE_IBB, readAgreedTransport, readTransport, transport } from './ibb-stanzas.js';
import type { TransportSettings } from './settings.js';
import type { Negotiation, Negotiators, Transport, TransportMethod } from './transport.js';

/** §4. */
export const IBB_METHOD: TransportMethod = { xmlns: NS_JINGLE_IBB, features: [NS_JINGLE_IBB] };

/** Carries files in bytestreams of this service. */
export const ibbTransport = (bytestreams: InBandBytestreams): Transport => ({
  ...IBB_METHOD,
  offer: ({ peer }, settings) => {
    const { stanza } = withDefaults(bytestreams.settings, settings);
    const open = {
      sid: announcedSid(),
      blockSize: bytestreams.blockSizeFor(settings),
      stanza: agreedStanza(stanza),
    };
    return new IbbNegotiation(bytestreams, peer, open, settings);
  },
  cautious: (settings) => {
    const isOurs = bytestreams.variesBlockSize(settings);
    const mayShrink = isOurs && bytestreams.blockSizeFor(settings) > SAFE_BLOCK_SIZE;
    return mayShrink ? { ...settings, blockSize: SAFE_BLOCK_SIZE } : undefined;
  },
  answer: ({ peer }: Negotiators, element, settings) => {
    const open = readTransport(element);
    const { maxBlockSize } = bytestreams.settings;
    const largest = settings ? bytestreams.blockSizeFor(settings) : maxBlockSize;
    const agreed = { ...open, blockSize: Math.min(open.blockSize, largest) };
    return new IbbNegotiation(bytestreams, peer, agreed, settings);
  },
});

class IbbNegotiation implements Negotiation {
  readonly #bytestreams: InBandBytestreams;
  readonly #peer: string;
  readonly #settings: TransportSettings | undefined;
  #open: Open;

  constructor(
    bytestreams: InBandBytestreams,
    peer: string,
    open: Open,
    settings: TransportSettings | undefined,
  ) {
    this.#bytestreams = bytestreams;
    this.#peer = peer;
    this.#open = open;
    this.#settings = settings;
  }

  get sid(): string {
    return this.#open.sid;
  }

  get standsAlone(): boolean {
    return !isAnnounced(this.sid);
  }

  async describe(): Promise<Element> {
    return transport(this.#open);
  }

  agreed(element: Element): void {
    this.#open = readAgreedTransport(element, this.#open);
  }

  async open(signal: AbortSignal): Promise<Channel> {
    const settings = this.#settings ?? {};
    const varyBlockSize = this.#bytestreams.variesBlockSize(settings);
    const options = { ...settings, ...this.#open, varyBlockSize, signal };
    const opened = this.#bytestreams.open(this.#peer, options);
    return opened.catch((error) => Promise.reject(whyNotOpened(error)));
  }

  expect(signal: AbortSignal): Promise<Channel> {
    return this.#bytestreams.expect(this.#peer, this.sid, { signal });
  }
}
