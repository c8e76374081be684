import { jingleFeatures, takesJingleFiles } from '../../protocol/jingle/features.js';
import type { IncomingJingleFile } from '../../protocol/jingle/incoming-jingle-file.js';
import { JingleFileTransfers } from '../../protocol/jingle/jingle-file-transfers.js';
import { JingleEnded } from '../../protocol/jingle/session/jingle-ended.js';
import { withHints } from '../../session/hints.js';
import { isUnopened } from '../answers.js';
import { WayRefused, whyNotAccepted } from '../recipient-errors.js';
import type { IncomingOffer, Listener } from './incoming.js';
import { NotSealed } from './key-errors.js';
import { reasonBefore, reasonOf } from './not-kept.js';
import { TRANSPORTS } from './transports.js';
import type { Offer, Way } from './way.js';

/**
 * Jingle File Transfer (XEP-0234): tells all there is to tell, goes on where it was cut, and has the file confirmed.
 */
export const jingle: Way = {
  name: 'jingle',
  features: jingleFeatures(TRANSPORTS),
  isTakenBy: (advertised) => takesJingleFiles(advertised, TRANSPORTS),
  isAdvertised: true,
  reaches: 'resource',
  announces: true,
  isProposed: true,
  isAnsweredAtOnce: true,
  keepsParts: true,
  tellsFolders: true,
  seals: true,
  comparesHash: true,
  hashes: ['sha-256'],
  open: (services) => {
    const transports = TRANSPORTS.map((transport) => transport.on(services));
    const transfers = new JingleFileTransfers(services.session, transports);
    transfers.key = services.key;
    return { offer: offerByJingle(transfers), listen: listenByJingle(transfers) };
  },
};

export const offerByJingle =
  (transfers: JingleFileTransfers): Offer =>
  async ({ peer, sid }, file, options) => {
    const accepted = await transfers
      .offer(peer, file, { ...options, ...(sid ? { sid } : {}) })
      .catch((error) => Promise.reject(whyNot(error, peer, options.seal !== undefined)));
    return {
      way: jingle,
      channel: accepted.channel,
      range: accepted.range,
      isSealed: options.seal !== undefined,
      ...(accepted.isThere ? { isThere: true } : {}),
      sendHashes: (hashes) => accepted.sendHashes(hashes),
      confirmed: async () => ((await accepted.confirmed()) === 'received' ? 'verified' : 'content'),
      cancel: () => accepted.cancel({ condition: 'cancel' }),
    };
  };

/**
 * A recipient that cannot open the seal, or does not want our key, has one word for both. A recipient that refuses this
 * way may take another one, which would not be sealed: somebody in between could have refused in its place.
 */
function whyNot(error: Error, peer: string, isSealed: boolean): Error {
  const why = whyNotAccepted(error, peer);
  if (!isSealed || !(why instanceof WayRefused)) return why;
  const options = { cause: error };
  if (error instanceof JingleEnded && isUnopened(error.reason)) {
    return withHints(
      new NotSealed(`${peer} did not open what was encrypted for it`, options),
      'it may know another key of yours: compare "inband key" here with "inband trust list" there',
      'or somebody in between has changed something',
    );
  }
  const message = `${peer} has a key, and takes nothing that is encrypted (${error.message})`;
  return withHints(new NotSealed(message, options), '--encrypt off sends it in the clear');
}

const listenByJingle =
  (transfers: JingleFileTransfers) =>
  (listener: Listener): ((reason?: Error) => void) => {
    transfers.mayOffer = (peer) => listener.mayOffer(peer);
    transfers.onRefused = (peer, why) => listener.refused(peer, why);
    transfers.onOffer = (file) => listener.take(incomingByJingle(file));
    return (reason) => transfers.close(reason);
  };

export function incomingByJingle(file: IncomingJingleFile): IncomingOffer {
  let isAccepted = false;
  return {
    peer: file.peer,
    sid: file.sid,
    offer: file.offer,
    peerKey: file.peerKey,
    hashFunctions: file.hashFunctions,
    ranged: file.ranged,
    accept: (offset, isThere) => {
      isAccepted = true;
      return file.accept(offset, isThere);
    },
    atWork: () => file.atWork(),
    hashes: () => file.hashes(),
    confirm: (sha256) => file.confirm(sha256),
    fail: (error) => {
      void file.fail(isAccepted ? reasonOf(error) : reasonBefore(error));
    },
    postpone: () => file.decline({ condition: 'busy' }),
  };
}
