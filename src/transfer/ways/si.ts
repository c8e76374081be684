import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, CloseUnconfirmed } from '../../protocol/channel.js';
import { HASH_FUNCTIONS } from '../../protocol/hashes/hash-functions.js';
import type { IncomingSiFile } from '../../protocol/si/incoming-si-file.js';
import { type OutgoingSiFile, SiFileTransfers } from '../../protocol/si/si-file-transfers.js';
import { SI_FEATURES } from '../../protocol/si/stanzas.js';
import { WayRefused, whyNotAccepted } from '../recipient-errors.js';
import { closedFirst } from './closed-first.js';
import type { IncomingOffer, Listener } from './incoming.js';
import { isForNow } from './not-kept.js';
import type { Offer, Way } from './way.js';

/** SI File Transfer (XEP-0096): tells name, size and MD5, goes on where it was cut, and has nothing confirmed. */
export const si: Way = {
  name: 'si',
  features: SI_FEATURES,
  isTakenBy: (advertised) => SI_FEATURES.every((feature) => advertised.has(feature)),
  isTakenBeside: () => false,
  isAdvertised: true,
  reaches: 'resource',
  announces: true,
  isAnsweredAtOnce: false,
  keepsParts: true,
  // A Node of FIPS has no MD5; without it a file that is cut begins again.
  hashes: HASH_FUNCTIONS.filter((name) => name === 'md5'),
  open: ({ session, bytestreams }) => {
    const transfers = new SiFileTransfers(session, bytestreams);
    return { offer: offerBySi(transfers), listen: listenBySi(transfers) };
  },
};

/** Milliseconds: a recipient that answers may have to make a whole file durable first. */
const CLOSE_TIMEOUT_MS = 60_000;

export const offerBySi =
  (transfers: SiFileTransfers): Offer =>
  async ({ peer, answersClose }, file, options) => {
    if (file.size === undefined) throw new WayRefused('by SI a file must have a size');
    const patience = answersClose ? { closeTimeout: CLOSE_TIMEOUT_MS } : {};
    const accepted = await transfers
      .offer(peer, file, { ...options, ...patience })
      .catch((error) => Promise.reject(whyNotAccepted(error, peer)));
    const { channel, offset, length } = accepted;
    channel.resume(); // whatever the recipient sends back is not for us
    return {
      way: si,
      channel,
      range: { offset, length },
      confirmed: async () => {
        if (channel.closeAcknowledged) return 'unverified';
        if (answersClose || !isDelivered(accepted)) throw closedFirst(channel);
        return 'unverified';
      },
      cancel: async () => void channel.destroy(),
    };
  };

/**
 * Whether all bytes arrived, though the end was not as it should be: some recipients do not answer the close, or
 * close first. Every block was acknowledged all the same; in messages none was.
 */
const isDelivered = ({ acknowledgesBlocks, channel: { errored } }: OutgoingSiFile): boolean =>
  acknowledgesBlocks && (!errored || errored instanceof CloseUnconfirmed);

const listenBySi =
  (transfers: SiFileTransfers) =>
  (listener: Listener): (() => void) => {
    transfers.mayOffer = (peer) => listener.mayOffer(peer);
    transfers.onRefused = (peer, why) => listener.refused(peer, why);
    transfers.onOffer = (file) => listener.take(incomingBySi(file));
    return () => transfers.close();
  };

/** How long a sender whose file we have may take to close. */
const FAREWELL_MS = 3_000;

export function incomingBySi(file: IncomingSiFile): IncomingOffer {
  const { peer, sid, offer, ranged } = file;
  const hashes = offer.hashes ?? new Map();
  const failed = new AbortController();
  let channel: Channel | undefined;
  return {
    ...{ peer, sid, offer, ranged, hashFunctions: [...hashes.keys()] },
    accept: async (offset) => {
      channel = await file.accept({ offset, signal: failed.signal });
      if (offer.size !== undefined) channel.endAt(offer.size - offset);
      return channel;
    },
    hashes: async () => hashes,
    confirm: async () => {
      // libpurple waits for a close of ours where there is nothing to send.
      if (offer.size === 0) channel?.end();
      await Promise.race([
        channel?.acknowledgeClose(),
        sleep(FAREWELL_MS, undefined, { ref: false }),
      ]);
      // The bytestream has ended on the peer's side, or will never do.
      channel?.abandon();
    },
    fail: (error) => {
      failed.abort(error);
      if (isForNow(error)) file.refuseForNow();
      else file.decline();
      channel?.destroy(error);
    },
    postpone: () => file.refuseForNow(),
  };
}
