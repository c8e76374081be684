import type { FileOffer } from '../protocol/file-offer.js';
import { type Bytestream, BytestreamBroken, CloseUnconfirmed } from '../protocol/ibb/bytestream.js';
import type { InBandBytestreams } from '../protocol/ibb/in-band-bytestreams.js';
import type { BytestreamSettings } from '../protocol/ibb/settings.js';
import type { JingleFileTransfers } from '../protocol/jingle/jingle-file-transfers.js';
import type { SiFileTransfers } from '../protocol/si/si-file-transfers.js';
import { RequestTimeout } from '../session/requests.js';
import { StanzaError } from '../session/stanza-error.js';
import { meaningOfError } from './answers.js';
import type { Recipient } from './finding/find-recipient.js';
import { WayRefused, whyNotAccepted } from './recipient-errors.js';

/** How a file may be offered: by Jingle (XEP-0234), by SI (XEP-0096), or not at all, as a bare bytestream. Best first. */
export const WAYS = ['jingle', 'si', 'ibb'] as const;
export type Way = (typeof WAYS)[number];

export interface OfferOptions extends Partial<BytestreamSettings> {
  signal: AbortSignal;
  /** Milliseconds until the recipient must have accepted. */
  timeout?: number;
  /** Of the session, where the recipient was found by it (XEP-0353). */
  sid?: string;
  /** See `Recipient`. */
  answersClose?: true;
}

/** A file that the recipient has accepted. */
export interface AcceptedOffer {
  readonly way: Way;
  /** Takes the bytes that the recipient wants; ending it tells that they are all. */
  readonly stream: Bytestream;
  /** Where it starts, and how much it is where that is not all the rest; in bytes. */
  readonly range: { offset: number; length?: number | undefined };
  /** Tells hashes that were not in the offer, by XEP-0300 name; absent where there is no way to. */
  sendHashes?(hashes: ReadonlyMap<string, Buffer>): Promise<void>;
  /**
   * What the recipient makes of all the bytes: that the file is there and right, that it is content with them, or only
   * that they came. Rejects with its reason when it has not kept them.
   */
  confirmed(): Promise<'verified' | 'content' | 'unverified'>;
  /** Breaks it off in a way that the recipient cannot take for the end. */
  cancel(): Promise<void>;
}

/** Offers a file to a full JID in one way. Rejects with `RecipientRefused`, `RecipientUnreachable`, or the signal's reason. */
export type Offer = (
  peer: string,
  file: FileOffer,
  options: OfferOptions,
) => Promise<AcceptedOffer>;

export type Offers = Record<Way, Offer>;

export const offerByJingle =
  (transfers: JingleFileTransfers): Offer =>
  async (peer, file, { answersClose, ...options }) => {
    const accepted = await transfers
      .offer(peer, file, options)
      .catch((error) => Promise.reject(whyNotAccepted(error, peer)));
    return {
      way: 'jingle',
      stream: accepted.stream,
      range: accepted.range,
      sendHashes: (hashes) => accepted.sendHashes(hashes),
      confirmed: async () => ((await accepted.confirmed()) === 'received' ? 'verified' : 'content'),
      cancel: () => accepted.cancel({ condition: 'cancel' }),
    };
  };

/** One that answers may have to make a whole file durable first. */
const CLOSE_TIMEOUT_MS = 60_000;

export const offerBySi =
  (transfers: SiFileTransfers): Offer =>
  async (peer, file, { sid, answersClose, ...options }) => {
    if (file.size === undefined) throw new WayRefused('SI wants to know the size');
    const { stream, offset, length } = await transfers
      .offer(peer, file, {
        ...options,
        ...(answersClose ? { closeTimeout: CLOSE_TIMEOUT_MS } : {}),
      })
      .catch((error) => Promise.reject(whyNotAccepted(error, peer)));
    stream.resume(); // whatever the recipient sends back is not for us
    return {
      way: 'si',
      stream,
      range: { offset, length },
      confirmed: async () => {
        if (stream.closeAcknowledged) return 'unverified';
        // Some do not answer the close of what they have, or close first; in messages nothing else was acknowledged.
        const { errored, stanza } = stream;
        const isLenient = stanza === 'iq' && !answersClose;
        const isDelivered = isLenient && (!errored || errored instanceof CloseUnconfirmed);
        if (!isDelivered) throw closedFirst(stream);
        return 'unverified';
      },
      cancel: async () => void stream.destroy(),
    };
  };

/** No word of the file: its bytes, as a bytestream that nobody announced. */
export const offerBare =
  (bytestreams: InBandBytestreams): Offer =>
  async (peer, _file, { timeout, sid, answersClose, ...settings }) => {
    const stream = await bytestreams
      .open(peer, settings)
      .catch((error) => Promise.reject(whyNotAccepted(error, peer)));
    stream.resume(); // whatever the recipient sends back is not for us
    return {
      way: 'ibb',
      stream,
      range: { offset: 0 },
      confirmed: async () => {
        if (stream.closeAcknowledged) return 'unverified';
        throw closedFirst(stream);
      },
      cancel: async () => void stream.destroy(),
    };
  };

/** A recipient that closes first says nothing of what it has got. */
const closedFirst = (stream: Bytestream): Error =>
  stream.errored ?? new BytestreamBroken(0, new Error('it closed first'));

/**
 * Offers a file in the first way in which the recipient takes it. A way that it turns out not to know is left for the
 * next one; `note` is told.
 */
export async function offerTo(
  { ways: [way, ...others], sid, ...recipient }: Recipient,
  offers: Offers,
  file: FileOffer,
  options: OfferOptions,
  note: (text: string) => void,
): Promise<AcceptedOffer> {
  if (!way) throw new RangeError('no way to send');
  const { peer, answersClose, isGuess = false } = recipient;
  note(`offering by ${way}`);
  try {
    return await offers[way](peer, file, {
      ...options,
      ...(sid ? { sid } : {}),
      ...(answersClose ? { answersClose } : {}),
    });
  } catch (error) {
    const [next] = others;
    const isWayOnly = error instanceof WayRefused || (isGuess && isUnknown(error as Error, way));
    if (!isWayOnly || !next) throw error;
    note(`${(error as Error).message}; trying ${next}`);
    return offerTo({ ...recipient, ways: others }, offers, file, options, note);
  }
}

/**
 * One of whom nothing is known may answer what it does not know as a server does for nobody, or not at all. The silence
 * after an offer by SI is that of somebody who makes up their mind.
 */
function isUnknown({ cause }: Error, way: Way): boolean {
  return cause instanceof StanzaError
    ? meaningOfError(cause) === 'absent'
    : cause instanceof RequestTimeout && way === 'jingle';
}
