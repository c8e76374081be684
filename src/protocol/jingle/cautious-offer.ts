// What an offer that came to nothing may be offered with once more.
import { RequestTimeout } from '../../session/requests.js';
import { StanzaError } from '../../session/stanza-error.js';
import { ChannelNotOpened } from '../channel.js';
import { isRefusal } from '../conditions.js';
import { TooLongToSeal } from '../seal/padding.js';
import { JingleEnded } from './session/jingle-ended.js';
import type { TransportSettings } from './transports/settings.js';
import type { Transport } from './transports/transport.js';

/** What of an offer can be more cautious. */
type Cautious = TransportSettings & { mayUse?: ((transport: Transport) => boolean) | undefined };

/**
 * More cautious options after this error: nothing where it says something else of the offer, or where there is nothing
 * to be cautious about. `offered`: the transports that the options let it take, best first.
 */
export function cautiousAfter<Options extends Cautious>(
  error: Error,
  offered: readonly Transport[],
  options: Options,
): Options | undefined {
  const [best] = offered;
  if (best?.outside) {
    const inBand = offered.filter((one) => !one.outside);
    const mayUse = (one: Transport) => inBand.includes(one);
    return isOfLane(error) && inBand.length > 0 ? { ...options, mayUse } : undefined;
  }
  const settings = mayBeOfSettings(error) ? best?.cautious?.(options) : undefined;
  return settings && { ...options, ...settings };
}

/** Whether an offer may have failed because its bytes were to go beside the XMPP stream. */
const isOfLane = (error: Error): boolean =>
  error instanceof ChannelNotOpened || error instanceof TooLongToSeal || mayBeOfSettings(error);

/** Reasons that do not tell what the peer makes of an offer: somebody said no, or nothing, or is not there any more. */
const OTHER_REASONS = new Set([
  ...['busy', 'cancel', 'decline', 'expired', 'gone', 'timeout'],
  // What was sealed was not opened.
  'security-error',
]);

/**
 * Whether an offer may have failed because of how the bytes were to travel, which not each program has words for. One
 * that was accepted and lost is another matter.
 */
function mayBeOfSettings(error: Error): boolean {
  if (!(error instanceof JingleEnded)) {
    return error instanceof RequestTimeout || (error instanceof StanzaError && !isRefusal(error));
  }
  const { byUs, reason } = error;
  return !byUs && !reason.specific && !OTHER_REASONS.has(reason.condition);
}
