import { bareJid } from '../../../../session/jid.js';
import type { Channel } from '../../../channel.js';
import type { Socket } from '../../../network/network.js';
import { SocketChannel } from '../../../socks5/socket-channel.js';
import { JingleEnded } from '../../session/jingle-ended.js';
import type { Negotiators } from '../transport.js';
import type { S5bOptions } from './options.js';
import { type Candidate, isProxy } from './s5b-stanzas.js';
import { watchArrival } from './watch-arrival.js';

/** The channel by a connection that both have agreed on. `isOpener`: we send the file. */
export function channelBy(
  socket: Socket,
  candidate: Candidate,
  isOpener: boolean,
  { peer, over }: Negotiators,
  { clock, pace, onFailed }: S5bOptions,
): Channel {
  const isRelayed = isProxy(candidate);
  const lane = isRelayed ? bareJid(candidate.jid) : 'direct';
  const channel = new SocketChannel(socket, { peer, isOpener, lane, isRelayed, clock });
  let hasFailed = false;
  const failed = () => {
    if (!hasFailed) onFailed?.(peer, true);
    hasFailed = true;
  };
  // Where the Jingle session has ended before it, that is why.
  channel.once('error', () => over.aborted || failed());
  over.addEventListener('abort', () => isOfConnection(over.reason) && failed(), { once: true });
  if (!isOpener) void watchArrival(channel, clock, pace);
  return channel;
}

/**
 * What a party says to whom nothing came, or not what was sent, or who hears nothing of what it has sent, when a proxy may
 * have closed the connection long ago.
 */
const CONNECTION = new Set(['connectivity-error', 'failed-transport', 'security-error']);

const isOfConnection = (why: unknown): boolean =>
  why instanceof JingleEnded && CONNECTION.has(why.reason.condition);
