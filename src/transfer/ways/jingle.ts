import { ChannelNotOpened } from '../../protocol/channel.js';
import { jingleFeatures, takesJingleFiles } from '../../protocol/jingle/features.js';
import type { IncomingJingleFile } from '../../protocol/jingle/incoming-jingle-file.js';
import { JingleFileTransfers } from '../../protocol/jingle/jingle-file-transfers.js';
import { JingleEnded } from '../../protocol/jingle/session/jingle-ended.js';
import { S5B_METHOD } from '../../protocol/jingle/transports/s5b/s5b.js';
import { withHints } from '../../session/hints.js';
import { bareJid } from '../../session/jid.js';
import { shellOperands } from '../../shell.js';
import { isUnopened } from '../answers.js';
import type { Lane } from '../lane/lane.js';
import { type BesideInClear, noConnection, transportsFor } from '../lane/transports-for.js';
import { WayRefused, whyNotAccepted } from '../recipient-errors.js';
import type { IncomingOffer, Listener } from './incoming.js';
import { NotSealed } from './key-errors.js';
import { reasonBefore, reasonOf } from './not-kept.js';
import { TRANSPORTS } from './transports.js';
import { isInband, type Offer, type Way } from './way.js';

/**
 * Jingle File Transfer (XEP-0234): tells all there is to tell, goes on where it was cut, and has the file confirmed.
 */
export const jingle: Way = {
  name: 'jingle',
  features: jingleFeatures(TRANSPORTS),
  isTakenBy: (advertised) => takesJingleFiles(advertised, TRANSPORTS),
  isTakenBeside: (advertised) => takesJingleFiles(advertised, [S5B_METHOD]),
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
    const { session, key, lane } = services;
    const inBand = TRANSPORTS.map((transport) => transport.on(services));
    const transports = lane ? [lane.transport, ...inBand] : inBand;
    const transfers = new JingleFileTransfers(session, transports);
    transfers.key = key;
    // In the clear nobody is to learn addresses of ours unless the user wants that.
    transfers.mayUse = ({ outside }, isSealed) => isSealed || !outside || lane?.mayBePlain === true;
    return {
      offer: offerByJingle(transfers, lane, bareJid(session.jid)),
      listen: listenByJingle(transfers),
      prepare: () => lane?.prepare(),
    };
  },
};

/** `own`: the own account, as others know it. */
export const offerByJingle =
  (transfers: JingleFileTransfers, lane?: Lane, own?: string): Offer =>
  async (recipient, file, options) => {
    const { peer, sid, hasLane, beside } = recipient;
    const { seal, ...others } = options;
    const isSealed = seal !== undefined;
    const besideInClear = isSealed ? undefined : beside?.get(jingle);
    const isOurs = isInband(recipient);
    const wanted = { peer, hasLane, isOurs, besideInClear, ...options, isSealed };
    const mayUse = await transportsFor(file, wanted, lane);
    const accepted = await transfers
      .offer(peer, file, { ...others, ...(seal ? { seal } : {}), mayUse, ...(sid ? { sid } : {}) })
      .catch((error) => Promise.reject(whyNot(error, { peer, own, isSealed }, besideInClear)));
    if (accepted.channel.lane) lane?.begins(peer, file, accepted.range.offset);
    return {
      way: jingle,
      channel: accepted.channel,
      range: accepted.range,
      isSealed,
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
function whyNot(
  error: Error,
  { peer, own, isSealed }: { peer: string; own: string | undefined; isSealed: boolean },
  besideInClear: BesideInClear,
): Error {
  if (error instanceof ChannelNotOpened) return noConnection(error, peer, besideInClear);
  const why = whyNotAccepted(error, peer);
  if (!isSealed || !(why instanceof WayRefused)) return why;
  const options = { cause: error };
  if (error instanceof JingleEnded && isUnopened(error.reason)) {
    return withHints(
      new NotSealed(`${peer} did not open what was encrypted for it`, options),
      'it may know another key of yours: compare "inband key" here with "inband trust list" there',
      ...(own
        ? [`where yours is a new one, they run: inband trust add ${shellOperands(own)}`]
        : []),
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
    accept: (offset, as) => {
      isAccepted = true;
      return file.accept(offset, as);
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
