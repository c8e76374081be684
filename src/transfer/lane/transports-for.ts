import { ChannelNotOpened } from '../../protocol/channel.js';
import type { FileOffer } from '../../protocol/file-offer.js';
import type { Transport } from '../../protocol/jingle/transports/transport.js';
import { withHints } from '../../session/hints.js';
import { WayRefused } from '../recipient-errors.js';
import type { Lane } from './lane.js';
import type { WantedTransport } from './names.js';

/** Whether what is not sealed may go to somebody beside the stream, too, or so only. */
export type BesideInClear = 'too' | 'only' | undefined;

/** To whom a file goes, and how that is wanted. */
interface Wanted {
  /** Full JID. */
  peer: string;
  hasLane?: true | undefined;
  /** It is an inband. */
  isOurs?: boolean;
  besideInClear?: BesideInClear;
  isSealed: boolean;
  transport?: WantedTransport | undefined;
  signal: AbortSignal;
}

/** Which transports a file may take. Rejects with `WayRefused` where the one that is wanted is none. */
export async function transportsFor(
  file: FileOffer,
  wanted: Wanted,
  lane: Lane | undefined,
): Promise<(transport: Transport) => boolean> {
  const { peer, besideInClear, isSealed, transport = 'ibb', signal } = wanted;
  if (transport === 's5b' || besideInClear === 'only') {
    const why =
      whyNone(wanted, lane) ?? ((await lane?.mayReach(peer, isSealed, signal)) ? '' : NO_PROXY);
    if (why) throw nothingBeside(peer, why, besideInClear);
    return ({ outside }) => outside !== undefined;
  }
  const takesIt = isSealed ? wanted.hasLane === true : besideInClear === 'too';
  const isAble = lane && takesIt && transport !== 'ibb';
  const isThere =
    isAble &&
    lane.isWorthwhile(peer, file) &&
    (await lane.mayReach(peer, isSealed, signal)) === true;
  return ({ outside }) => !outside || isThere === true;
}

/** Why a file cannot go beside the stream, as far as that is known before anybody is asked. */
function whyNone(
  { hasLane, besideInClear, isSealed, isOurs }: Wanted,
  lane: Lane | undefined,
): string | undefined {
  if (!lane) return ALL_INSIDE;
  if (isSealed) return hasLane === true ? undefined : TAKES_NONE;
  if (besideInClear) return undefined;
  if (isOurs) return BETWEEN_INBANDS;
  return lane.mayBePlain ? TAKES_NONE : NOT_ENCRYPTED;
}

/** A file that was to go beside the stream alone cannot, for this reason. */
export const nothingBeside = (
  peer: string,
  why: string,
  besideInClear?: BesideInClear,
): WayRefused =>
  withHints(
    new WayRefused(`nothing goes to ${peer} beside the XMPP stream: ${why}`),
    otherWay(besideInClear),
  );

/** Both wanted a connection, and none came about. */
export const noConnection = (
  error: ChannelNotOpened,
  peer: string,
  besideInClear?: BesideInClear,
): ChannelNotOpened =>
  withHints(
    new ChannelNotOpened(
      `no connection to ${peer} came about beside the XMPP stream: ${error.message}`,
      { cause: error },
    ),
    otherWay(besideInClear),
  );

/** What would reach it: who takes files beside the stream only would lose them inside of it. */
const otherWay = (besideInClear: BesideInClear): string =>
  besideInClear === 'only'
    ? '--via http leaves it on your server, not encrypted, with a link'
    : '--transport auto sends it in-band';

export const NOT_ENCRYPTED =
  'only what is encrypted does without --plain-s5b, and this file would not be';

/** No flag changes it. */
const BETWEEN_INBANDS =
  'between two inbands only what is encrypted goes so, and this file would not be';

/** Why nothing goes to somebody beside the stream, as far as that is known before it is tried. */
export const ALL_INSIDE = 'all that you send stays inside of it';
export const TAKES_NONE = 'what runs there takes no files by it';
export const NO_WAY = 'your server tells of no proxy, and --direct lets you meet in no other way';

const NO_PROXY =
  'your server, which is theirs, tells of no proxy, and --direct does not let you meet directly';
