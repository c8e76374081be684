import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Inlet } from '../../protocol/channel.js';
import { get } from '../../protocol/http-download/get.js';
import type { ToldLink } from '../../protocol/messages/read-link.js';
import type { Resolve } from '../../protocol/network/checked-lookup.js';
import type { Endpoint } from '../../protocol/network/network.js';
import type { Clock } from '../../session/clock.js';
import type { NetworkOptions } from '../../session/dial/proxy.js';
import { PACE } from '../quotas/limits.js';
import type { IncomingOffer } from '../ways/incoming.js';
import { tooLargeToFetch, whyNoFile, whyNotAsked } from './why-not-fetched.js';

/** A file that somebody tells of, and where it lies. */
export interface Link {
  /** The sender of the message. */
  readonly peer: string;
  readonly told: ToldLink;
}

/** What has become of one attempt: it is there; there was no place for it; or why it did not arrive. */
export type Outcome = 'there' | 'later' | Error;

export interface Downloads {
  /** Which certificates are believed; asked for each download. */
  trust(): Promise<NetworkOptions>;
  /** The user's own hosts. */
  own: readonly Endpoint[];
  /** Bytes of the largest file. */
  most: number;
  clock: Clock;
  /** Default: as the system does. */
  resolve?: Resolve;
}

/** By what a link is known again: an address may be as secret as what lies there. */
export const idOfLink = ({ told }: Link): string =>
  createHash('sha256').update(told.url.href).digest('hex');

/** A file at an address, as one that its sender offers. `ended` hears what has become of it; the signal breaks it off. */
export function incomingLink(
  link: Link,
  downloads: Downloads,
  signal: AbortSignal,
  ended: (outcome: Outcome) => void,
): IncomingOffer {
  const { peer, told } = link;
  const { hashes = new Map<string, Buffer>() } = told.offer;
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  return {
    ...{ peer, sid: idOfLink(link), linkId: idOfLink(link) },
    offer: { ...told.offer, alreadyThere: { again: false } },
    hashFunctions: [...hashes.keys()],
    ranged: true,
    accept: async (offset, as) => {
      const isWhole = as === 'there' || (offset > 0 && offset === told.offer.size);
      return isWhole ? nothing(peer) : download(link, offset, downloads, until);
    },
    hashes: async () => hashes,
    confirm: async () => ended('there'),
    fail: (error) => {
      failed.abort(error);
      ended(error);
    },
    postpone: () => ended('later'),
  };
}

async function download(
  { peer, told: { url, offer } }: Link,
  offset: number,
  { trust, own, most, clock, resolve }: Downloads,
  signal: AbortSignal,
): Promise<Inlet> {
  const { size } = offer;
  if (size !== undefined && size > most) throw tooLargeToFetch(size, most);
  const { httpsBy } = await import('../../protocol/network/https.js');
  const https = httpsBy(await trust());
  signal.throwIfAborted();
  const asked = {
    ...{ peer, https, clock, pace: PACE, own, resolve, signal },
    ...{ offset, size, most },
    refused: (status: number) => whyNoFile(status, url.host),
    tooLarge: (bytes?: number) => tooLargeToFetch(bytes, most),
  };
  return get(url, asked).catch((error) => Promise.reject(whyNotAsked(error, url.host)));
}

const nothing = (peer: string): Inlet =>
  Object.assign(Readable.from([]), { peer, bytesReceived: 0 });
