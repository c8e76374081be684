// Connections beside the XMPP stream, for files: who is reached by them, and when they are worth it.
import type { FileOffer } from '../../protocol/file-offer.js';
import type { LeastPace } from '../../protocol/ibb/watch-peer.js';
import type { Transport } from '../../protocol/jingle/transports/transport.js';
import { type Direct, type Reach, type Relation, reachOf } from '../../protocol/network/direct.js';
import { type Network, networkBy, systemNetwork } from '../../protocol/network/network.js';
import { shownName } from '../../protocol/peer-text.js';
import { OwnProxies } from '../../protocol/socks5/own-proxies.js';
import { type Clock, systemClock } from '../../session/clock.js';
import type { NetworkProxy } from '../../session/dial/proxy.js';
import { bareJid, serverOf } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { LaneFailures } from './lane-failures.js';
import { LanesUnderWay } from './under-way.js';

/**
 * A feature of ours (XEP-0030): who has it takes sealed files by SOCKS5 bytestreams (XEP-0260) whose candidates are
 * sealed, too. XEP-0260's own would have others offer theirs in the clear.
 */
export const NS_SEALED_LANE = 'urn:x-inband:sealed-s5b:0';

/** Smaller files have arrived before two parties could agree on a connection. */
const LEAST_BYTES = 32_768;

/** What a command wants, on all its sessions. */
export interface LaneOptions {
  /** To whom addresses are shown. */
  direct: Direct;
  /** What is not sealed may go so, too, to and from other programs: whoever carries it can read and change it. */
  mayBePlain?: boolean | undefined;
  /** What has failed is left alone for a while; absent where nothing is offered. */
  failures?: LaneFailures | undefined;
  /** Told, for `--verbose`, why there was no connection. */
  note?: ((text: string) => void) | undefined;
  /** What somebody is to the user, by a full JID. */
  relationOf(peer: string, session: Session): Relation;
  /** What all connections go through; then none is offered, and none is made but to proxies of the own server. */
  proxy?: NetworkProxy | undefined;
  network?: Network;
  clock?: Clock;
}

/** What is to be used of lanes, whoever the peers are. */
export type LaneWanted = Pick<LaneOptions, 'direct' | 'mayBePlain' | 'proxy' | 'network' | 'clock'>;

/** To those whom the user has named, for one command. */
export const laneToNamed = (wanted: LaneWanted, note?: LaneOptions['note']): LaneOptions => ({
  ...wanted,
  note,
  failures: new LaneFailures(wanted.clock),
  relationOf: (peer, { jid }) => (bareJid(peer) === bareJid(jid) ? 'own' : 'known'),
});

/** The connections of one session. */
export class Lane {
  readonly transport: Transport;
  readonly #session: Session;
  readonly #options: LaneOptions;
  readonly #proxies: OwnProxies;
  readonly #underWay = new LanesUnderWay();

  constructor(session: Session, options: LaneOptions, pace?: LeastPace) {
    const { failures, note, proxy, clock = systemClock } = options;
    const { network = proxy ? networkBy(proxy) : systemNetwork() } = options;
    this.#session = session;
    this.#options = options;
    this.#proxies = new OwnProxies(session, clock);
    this.transport = this.#underWay.transport({
      ...{ session, network, clock, pace, proxies: this.#proxies },
      reachOf: (peer, isSealed) => this.#reachOf(peer, isSealed),
      onFailed: (peer, hasBegun, why) => {
        if (hasBegun) return failures?.broke(peer);
        note?.(`no connection with ${shownName(peer)} beside the XMPP stream: ${why}`);
        failures?.failed(peer);
      },
    });
  }

  /** See `LaneOptions`. */
  get mayBePlain(): boolean {
    return this.#options.mayBePlain === true;
  }

  /** Whether a file is worth a connection: one that can be read once only could not be gone on with when it breaks. */
  isWorthwhile(peer: string, { size }: FileOffer): boolean {
    if (this.#underWay.areMost || this.#options.failures?.isOut(peer)) return false;
    return size !== undefined && size >= LEAST_BYTES;
  }

  /**
   * Whether there may be a way. Two users of one server know the same proxies. Rejects with the signal's reason, and
   * when the session ends.
   */
  async mayReach(peer: string, isSealed: boolean, signal: AbortSignal): Promise<boolean> {
    const isSameServer = serverOf(peer) === serverOf(this.#session.jid);
    if (this.#reachOf(peer, isSealed).direct !== 'no' || !isSameServer) return true;
    const found = await this.#proxies.find(AbortSignal.any([signal, this.#session.ended]));
    return found.length > 0;
  }

  /**
   * What may be tried with this one for what is sealed, best first: `direct`, the proxies of the own server by their
   * JIDs, and `theirs`, what its own server may have. Rejects as `mayReach` does.
   */
  async waysTo(peer: string, signal: AbortSignal): Promise<string[]> {
    const { direct, proxies } = this.#reachOf(peer, true);
    const found = await this.#proxies.find(AbortSignal.any([signal, this.#session.ended]));
    const isSameServer = serverOf(peer) === serverOf(this.#session.jid);
    return [
      ...(direct === 'no' ? [] : ['direct']),
      ...found.map(({ jid }) => bareJid(jid)),
      ...(proxies && !isSameServer ? ['theirs'] : []),
    ];
  }

  /** A file begins by it, at this byte. */
  begins(peer: string, { hashes }: FileOffer, offset: number): void {
    if (hashes) this.#options.failures?.begins(peer, hashes, offset);
  }

  /** Looks for the proxies of the own server, so that nothing has to wait for that later. */
  prepare(): void {
    // Whoever needs them asks again.
    this.#proxies.find(this.#session.ended).catch(() => undefined);
  }

  #reachOf(peer: string, isSealed: boolean): Reach {
    const { direct, proxy, relationOf } = this.#options;
    const relation = relationOf(peer, this.#session);
    // In the clear nothing but the server's word says that it is the own account.
    const proven = relation === 'own' && !isSealed ? 'known' : relation;
    return reachOf(proxy ? 'never' : direct, proven);
  }
}
