import { ChannelNotOpened } from '../../protocol/channel.js';
import type { FileOffer } from '../../protocol/file-offer.js';
import { RequestTimeout } from '../../session/requests.js';
import { StanzaError } from '../../session/stanza-error.js';
import { meaningOfError } from '../answers.js';
import { NOT_ENCRYPTED, nothingBeside } from '../lane/transports-for.js';
import { WayRefused } from '../recipient-errors.js';
import type { Accepted, OfferOptions, Recipient, Way } from '../ways/way.js';
import type { OpenWays } from '../ways/ways.js';

interface OfferToOptions extends OfferOptions {
  /** Told of what is tried. */
  note: (text: string) => void;
}

/**
 * Offers a file in the first way in which the recipient takes it. A way that it turns out not to know, or by which no
 * connection comes about, is left for the next one.
 */
export async function offerTo(
  recipient: Recipient,
  open: OpenWays,
  file: FileOffer,
  { note, ...options }: OfferToOptions,
): Promise<Accepted> {
  const { ways: all, sid, ...others } = recipient;
  const isBeside = options.transport === 's5b';
  const goesBeside = (way: Way) => way.seals || recipient.beside?.has(way) === true;
  const ways = isBeside ? all.filter(goesBeside) : all;
  const [way, next] = ways;
  if (isBeside && !way) throw nothingBeside(recipient.peer, NOT_ENCRYPTED);
  const offer = way && open.get(way)?.offer;
  if (!way || !offer) throw new RangeError('no way to send');
  if (options.seal && !way.seals) throw new RangeError(`nothing is sealed by ${way.name}`);
  options.mayOffer?.();
  note(`offering by ${way.name}`);
  try {
    return await offer(recipient, file, options);
  } catch (error) {
    const isGuessedWrong = recipient.isGuess === true && isUnknown(error as Error, way);
    // In this way it takes files beside the stream only; the next one may lead inside of it.
    const isOutsideOnly = !options.seal && recipient.beside?.get(way) === 'only';
    const isUnconnected = isOutsideOnly && error instanceof ChannelNotOpened;
    if (!next || !(error instanceof WayRefused || isGuessedWrong || isUnconnected)) throw error;
    note(`${(error as Error).message}; trying ${next.name}`);
    return offerTo({ ...others, ways: ways.slice(1) }, open, file, { note, ...options });
  }
}

/**
 * Whether a way may be unknown to the peer: some answer what they do not know as a server does where nobody is, or not
 * at all, unless a person is asked first.
 */
function isUnknown({ cause }: Error, way: Way): boolean {
  return cause instanceof StanzaError
    ? meaningOfError(cause) === 'absent'
    : cause instanceof RequestTimeout && way.isAnsweredAtOnce;
}
