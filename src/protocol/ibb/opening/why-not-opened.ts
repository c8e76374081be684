import { RequestTimeout } from '../../../session/requests.js';
import { ChannelLost } from '../../channel.js';
import { hasVanished } from '../../conditions.js';

/** Why a bytestream that the recipient has accepted elsewhere could not be opened. */
export function whyNotOpened(error: Error): Error {
  if (!(error instanceof RequestTimeout) && !hasVanished(error)) return error;
  const message = `the recipient has accepted the file, and is not there any more (${error.message})`;
  return new ChannelLost(message, { cause: error });
}
