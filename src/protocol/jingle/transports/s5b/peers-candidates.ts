import { isIP } from 'node:net';
import { withoutResource } from '../../../../session/jid.js';
import { mayConnect, mayTry, type Reach, type Target } from '../../../network/direct.js';
import type { Network, Socket } from '../../../network/network.js';
import { enter } from '../../../socks5/handshake.js';
import type { Streamhost } from '../../../socks5/stanzas.js';
import { type Candidate, isProxy } from './s5b-stanzas.js';

/** How a peer's candidates are judged. */
interface Judging {
  network: Network;
  reach: Reach;
  /** The proxies of the own server. */
  proxies: readonly Streamhost[];
}

/** The candidates that there is a chance to be let to connect to; a name is judged by its addresses later. */
export function usable(candidates: readonly Candidate[], judging: Judging): Candidate[] {
  const own = judging.network.ownAddresses();
  return candidates.filter((candidate) => {
    const target = targetOf(candidate, judging);
    if (isIP(candidate.host)) return mayConnect(judging.reach, target, candidate.host, own);
    return mayTry(judging.reach, target);
  });
}

/** Connects as far as that is allowed, and shakes hands. Rejects as `connect` and `enter` do. */
export async function connectTo(
  candidate: Candidate,
  judging: Judging,
  field: string,
  signal: AbortSignal,
): Promise<Socket> {
  const { network, reach } = judging;
  const [target, own] = [targetOf(candidate, judging), network.ownAddresses()];
  const allows = (address: string) => mayConnect(reach, target, address, own);
  return entered(await network.connect(candidate, allows, signal), field, signal);
}

/** Connects to a proxy that the own server has told of. Rejects as `connectTo` does. */
export async function connectToOwn(
  proxy: Streamhost,
  network: Network,
  field: string,
  signal: AbortSignal,
): Promise<Socket> {
  return entered(await network.connect(proxy, () => true, signal), field, signal);
}

async function entered(socket: Socket, field: string, signal: AbortSignal): Promise<Socket> {
  try {
    await enter(socket, field, signal);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function targetOf(candidate: Candidate, { proxies }: Judging): Target {
  // Ejabberd tells of its proxy with a resource, which some programs leave out.
  const isSame = ({ jid, host, port }: Streamhost) =>
    withoutResource(candidate.jid) === withoutResource(jid) &&
    candidate.host === host &&
    candidate.port === port;
  const isOwnProxy = isProxy(candidate) && proxies.some(isSame);
  return { port: candidate.port, isProxy: isProxy(candidate), isOwnProxy };
}
