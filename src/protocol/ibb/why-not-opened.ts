import { RequestTimeout } from '../../session/requests.js';
import { StanzaError } from '../../session/stanza-error.js';
import { ChannelLost } from '../channel.js';

/**
 * How it shows that a recipient has vanished since it accepted, or was started anew. Not `service-unavailable`: that
 * comes from those as well who cannot do what they have accepted.
 */
const VANISHED = new Set([
  'item-not-found',
  'recipient-unavailable',
  'remote-server-not-found',
  'remote-server-timeout',
]);

/** Why a bytestream that the recipient has accepted elsewhere could not be opened. */
export function whyNotOpened(error: Error): Error {
  const hasVanished =
    error instanceof RequestTimeout ||
    (error instanceof StanzaError && VANISHED.has(error.condition));
  if (!hasVanished) return error;
  const message = `the recipient has accepted the file, and is not there any more (${error.message})`;
  return new ChannelLost(message, { cause: error });
}
