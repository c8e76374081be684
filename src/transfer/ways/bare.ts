import type { Channel } from '../../protocol/channel.js';
import type { Handler } from '../../protocol/handler-registry.js';
import type { InBandBytestreams } from '../../protocol/ibb/in-band-bytestreams.js';
import { NS_IBB } from '../../protocol/ibb/stanzas.js';
import { withoutResource } from '../../session/jid.js';
import { whyNotAccepted } from '../recipient-errors.js';
import { closedFirst } from './closed-first.js';
import type { IncomingOffer, Listener } from './incoming.js';
import type { Offer, Way } from './way.js';

/** The bytes of a file in a bytestream that nobody announced (XEP-0047), without a word about them. */
export const bare: Way = {
  name: 'ibb',
  features: [NS_IBB],
  isTakenBy: (advertised) => advertised.has(NS_IBB),
  isTakenBeside: () => false,
  // Some answer no questions, with the very error of one who is not there.
  isAdvertised: false,
  reaches: 'resource',
  announces: false,
  isAnsweredAtOnce: false,
  keepsParts: false,
  hashes: [],
  open: ({ bytestreams }) => ({
    offer: offerBare(bytestreams),
    listen: listenBare(bytestreams),
  }),
};

export const offerBare =
  (bytestreams: InBandBytestreams): Offer =>
  async ({ peer }, _file, { timeout, ...settings }) => {
    const channel = await bytestreams
      .open(peer, settings)
      .catch((error) => Promise.reject(whyNotAccepted(error, peer)));
    channel.resume(); // whatever the recipient sends back is not for us
    return {
      way: bare,
      channel,
      range: { offset: 0 },
      confirmed: async () => {
        if (channel.closeAcknowledged) return 'unverified';
        throw closedFirst(channel);
      },
      cancel: async () => void channel.destroy(),
    };
  };

const listenBare =
  (bytestreams: InBandBytestreams) =>
  ({ registry, places, take, now }: Listener): (() => void) => {
    const authorize: Handler<unknown, boolean> = (_jid, sid = '', peer = '') =>
      places.reserve(peer, sid);
    // A bytestream that was announced after it was let in is not handed over here; its place is free at its end.
    const release: Handler<unknown, void> = (_jid, sid = '', peer = '') =>
      places.release(peer, sid);
    registry.registerDefault(authorize, 'ibb', 'authorized');
    registry.registerDefault(release, 'ibb', 'del_stream');
    bytestreams.onBytestream = (channel) => {
      places.release(channel.peer, channel.sid);
      take(incomingBare(channel, now()));
    };
    return () => {
      bytestreams.onBytestream = (channel) => channel.destroy();
    };
  };

/** A bytestream that nobody announced. */
export type BareChannel = Channel & { readonly sid: string };

/** A bytestream that nobody announced says nothing of its file: sender and time must do. */
export function incomingBare(channel: BareChannel, now: Date): IncomingOffer {
  return {
    peer: channel.peer,
    sid: channel.sid,
    offer: { name: nameForUnnamed(channel.peer, now) },
    hashFunctions: [],
    ranged: false,
    accept: async () => channel,
    hashes: async () => new Map(),
    // Acknowledges the sender's close, which says that it has sent all.
    confirm: () => new Promise((answered) => channel.end(answered)),
    fail: (error) => void channel.destroy(error),
  };
}

function nameForUnnamed(peer: string, now: Date): string {
  const bare = unescapeLocal(withoutResource(peer)).replace(/[/\\]/g, '_');
  return `${bare} ${now.toISOString().slice(0, 19).replaceAll(':', '-')}`;
}

/** XEP-0106 §3: `\40` stands for `@`; the backslash would be taken for the end of a folder. */
const unescapeLocal = (jid: string): string =>
  jid.replace(/\\(20|22|26|27|2f|3a|3c|3e|40|5c)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
