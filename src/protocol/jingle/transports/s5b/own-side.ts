import type { Clock } from '../../../../session/clock.js';
import type { Session } from '../../../../session/session.js';
import { ConnectionLost } from '../../../../session/stanza-session.js';
import { addressesFor, type Reach } from '../../../network/direct.js';
import type { Network, Socket } from '../../../network/network.js';
import { Listener } from '../../../socks5/listener.js';
import { activation, type Streamhost } from '../../../socks5/stanzas.js';
import { ownCandidates } from './own-candidates.js';
import { connectToOwn } from './peers-candidates.js';
import { type Candidate, isProxy } from './s5b-stanzas.js';

interface OwnSideOptions {
  session: Session;
  network: Network;
  clock: Clock;
  reach: Reach;
  peer: string;
  sid: string;
  /** The address field of what we offer. */
  field: string;
  isInitiator: boolean;
}

/** What we offer, and the ways there. */
export class OwnSide {
  candidates: readonly Candidate[] = [];
  readonly #options: OwnSideOptions;
  #listener: Listener | undefined;
  #isClosed = false;

  constructor(options: OwnSideOptions) {
    this.#options = options;
  }

  /** Listens where our addresses may be shown, and makes the candidates. */
  async gather(proxies: readonly Streamhost[], theirs: readonly Candidate[]): Promise<void> {
    const { isInitiator } = this.#options;
    const direct = await this.#listen();
    this.candidates = ownCandidates({ direct, proxies, isInitiator, theirs });
  }

  /** The connection by a candidate of ours. Rejects with the signal's reason, or why there is none. */
  async connection(candidate: Candidate, signal: AbortSignal): Promise<Socket> {
    if (isProxy(candidate)) return this.#activated(candidate, signal);
    if (!this.#listener) throw new Error('nobody listens');
    return this.#listener.take(candidate.host, signal);
  }

  close(): void {
    this.#isClosed = true;
    this.#listener?.close();
  }

  async #listen(): Promise<Streamhost[]> {
    const { network, reach, session, field, clock } = this.#options;
    const addresses = addressesFor(reach, network.ownAddresses());
    if (addresses.length === 0) return [];
    // A machine that lets nobody listen has no way of this kind.
    const listener = await Listener.listen(network, field, clock).catch(() => undefined);
    if (!listener) return [];
    this.#listener = listener;
    if (this.#isClosed) listener.close();
    return addresses.map((host) => ({ jid: session.jid, host, port: listener.port }));
  }

  /** §2.4: who has offered a proxy has it join the two connections. */
  async #activated(proxy: Candidate, signal: AbortSignal): Promise<Socket> {
    const { network, session, field, sid, peer } = this.#options;
    const socket = await connectToOwn(proxy, network, field, signal);
    try {
      await session.request('set', proxy.jid, activation(sid, peer), { signal });
      return socket;
    } catch (error) {
      socket.destroy();
      signal.throwIfAborted();
      if (error instanceof ConnectionLost) throw error;
      const { message } = error as Error;
      throw new Error(`${proxy.jid} does not join the connections (${message})`, { cause: error });
    }
  }
}
