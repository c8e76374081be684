import { reasonOf } from '../../session/dial/network-reason.js';
import { ChannelBroken, ChannelLost } from '../channel.js';

/** What the end of a connection means: who breaks it off resets it; anything else is the network's. */
export function whyClosed(error: NodeJS.ErrnoException, unsent: number): Error {
  const isNetwork = error.code === 'ETIMEDOUT' || /UNREACH$|^ENETDOWN$/.test(error.code ?? '');
  if (!isNetwork) return new ChannelBroken(unsent, error);
  return new ChannelLost(`the connection was lost (${reasonOf(error)})`, { cause: error });
}
