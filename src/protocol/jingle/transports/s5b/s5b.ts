// XEP-0260 Jingle SOCKS5 Bytestreams Transport Method 1.0.3.
import { randomSid } from '../../../sid.js';
import type { Transport, TransportMethod } from '../transport.js';
import { S5bNegotiation } from './negotiation.js';
import type { S5bOptions } from './options.js';
import { NS_JINGLE_S5B, outside, readTransport } from './s5b-stanzas.js';

/** §4: what is advertised by those who take files so in the clear. */
export const S5B_METHOD: TransportMethod = { xmlns: NS_JINGLE_S5B, features: [NS_JINGLE_S5B] };

/** Carries files over connections of their own. */
export const s5bTransport = (options: S5bOptions): Transport => ({
  ...S5B_METHOD,
  outside,
  offer: (negotiators) => {
    const offered = { sid: randomSid(), candidates: [] };
    return new S5bNegotiation(options, negotiators, offered, true);
  },
  answer: (negotiators, element, settings) => {
    // Files go from the initiator to the responder: the one who is to open the channel has begun the Jingle session.
    const isInitiator = settings !== undefined;
    return new S5bNegotiation(options, negotiators, readTransport(element), isInitiator);
  },
});
