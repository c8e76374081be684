import { ChannelNotOpened } from '../../protocol/channel.js';
import type { FileOffer } from '../../protocol/file-offer.js';
import type { Transport } from '../../protocol/jingle/transports/transport.js';
import { withHints } from '../../session/hints.js';
import { WayRefused } from '../recipient-errors.js';
import type { Lane } from './lane.js';
import type { WantedTransport } from './names.js';

/** To whom a file goes, and how that is wanted. */
interface Wanted {
  /** Full JID. */
  peer: string;
  hasLane?: true;
  isSealed: boolean;
  transport?: WantedTransport | undefined;
  signal: AbortSignal;
}

/** Which transports a file may take. Rejects with `WayRefused` where the one that is wanted is none. */
export async function transportsFor(
  file: FileOffer,
  { peer, hasLane, isSealed, transport: wanted = 'ibb', signal }: Wanted,
  lane: Lane | undefined,
): Promise<(transport: Transport) => boolean> {
  if (wanted === 's5b') {
    if (!lane) throw nothingBeside(peer, 'all that you send stays inside of it');
    if (!isSealed) throw nothingBeside(peer, NOT_ENCRYPTED);
    if (hasLane !== true) throw nothingBeside(peer, 'what runs there takes no files by it');
    if (!(await lane.mayReach(peer, signal))) throw nothingBeside(peer, NO_PROXY);
    return ({ outside }) => outside !== undefined;
  }
  const isAble = lane && isSealed && hasLane === true && wanted !== 'ibb';
  const isThere =
    isAble && lane.isWorthwhile(peer, file) && (await lane.mayReach(peer, signal)) === true;
  return ({ outside }) => !outside || isThere === true;
}

/** A file that was to go beside the stream alone cannot, for this reason. */
export const nothingBeside = (peer: string, why: string): WayRefused =>
  withHints(new WayRefused(`nothing goes to ${peer} beside the XMPP stream: ${why}`), IN_BAND);

/** Both wanted a connection, and none came about. */
export const noConnection = (error: ChannelNotOpened, peer: string): ChannelNotOpened =>
  withHints(
    new ChannelNotOpened(
      `no connection to ${peer} came about beside the XMPP stream: ${error.message}`,
      { cause: error },
    ),
    IN_BAND,
  );

const IN_BAND = '--transport auto sends it in-band';

export const NOT_ENCRYPTED = 'only what is encrypted does, and this file would not be';

const NO_PROXY =
  'your server, which is theirs, tells of no proxy, and --direct does not let you meet directly';
