import { JINGLE_FEATURES } from '../../protocol/jingle/features.js';
import { JingleFileTransfers } from '../../protocol/jingle/jingle-file-transfers.js';
import { ibbTransport } from '../../protocol/jingle/transports/ibb.js';
import { whyNotAccepted } from '../recipient-errors.js';
import type { Offer, Way } from './way.js';

/** Jingle File Transfer (XEP-0234): tells all there is to tell, goes on where it was cut, and has the file confirmed. */
export const jingle: Way = {
  name: 'jingle',
  features: JINGLE_FEATURES,
  isAdvertised: true,
  reaches: 'resource',
  announces: true,
  isProposed: true,
  isAnsweredAtOnce: true,
  keepsParts: true,
  comparesHash: true,
  hashes: ['sha-256'],
  open: (session, bytestreams) => ({
    offer: offerByJingle(new JingleFileTransfers(session, [ibbTransport(bytestreams)])),
  }),
};

export const offerByJingle =
  (transfers: JingleFileTransfers): Offer =>
  async ({ peer, sid }, file, options) => {
    const accepted = await transfers
      .offer(peer, file, { ...options, ...(sid ? { sid } : {}) })
      .catch((error) => Promise.reject(whyNotAccepted(error, peer)));
    return {
      way: jingle,
      stream: accepted.stream,
      range: accepted.range,
      sendHashes: (hashes) => accepted.sendHashes(hashes),
      confirmed: async () => ((await accepted.confirmed()) === 'received' ? 'verified' : 'content'),
      cancel: () => accepted.cancel({ condition: 'cancel' }),
    };
  };
