import type { InBandBytestreams } from '../../protocol/ibb/in-band-bytestreams.js';
import { NS_IBB } from '../../protocol/ibb/stanzas.js';
import { whyNotAccepted } from '../recipient-errors.js';
import { closedFirst } from './closed-first.js';
import type { Offer, Way } from './way.js';

/** The bytes of a file in a bytestream that nobody announced (XEP-0047), without a word about them. */
export const bare: Way = {
  name: 'ibb',
  features: [NS_IBB],
  // Some answer no questions, with the very error of one who is not there.
  isAdvertised: false,
  reaches: 'resource',
  announces: false,
  isProposed: false,
  isAnsweredAtOnce: false,
  keepsParts: false,
  comparesHash: false,
  hashes: [],
  open: (_session, bytestreams) => ({ offer: offerBare(bytestreams) }),
};

export const offerBare =
  (bytestreams: InBandBytestreams): Offer =>
  async ({ peer }, _file, { timeout, ...settings }) => {
    const stream = await bytestreams
      .open(peer, settings)
      .catch((error) => Promise.reject(whyNotAccepted(error, peer)));
    stream.resume(); // whatever the recipient sends back is not for us
    return {
      way: bare,
      stream,
      range: { offset: 0 },
      confirmed: async () => {
        if (stream.closeAcknowledged) return 'unverified';
        throw closedFirst(stream);
      },
      cancel: async () => void stream.destroy(),
    };
  };
