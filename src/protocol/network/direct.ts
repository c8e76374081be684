// To whom addresses are shown. To connect to somebody shows one's own as much as to offer it.
import { isInNetworkOf, type OwnAddress } from './own-networks.js';
import { isOfMachine, isPublic } from './special-addresses.js';

/** From the fewest to the most. */
export type Direct = 'never' | 'own' | 'proxies' | 'contacts';

/** The peer is of the own account; the recipient named by the user, or a contact; or somebody else. */
export type Relation = 'own' | 'known' | 'other';

/** What may be connected to beside the proxies of the own server, and be offered. */
export interface Reach {
  /** What calls itself a proxy, at public addresses: that is a peer's word. */
  readonly proxies: boolean;
  /** The peer itself, and we to it: at public addresses, or at all. Private ones in the own network count as public. */
  readonly direct: 'no' | 'public' | 'all';
}

const NOTHING_ELSE: Reach = { proxies: false, direct: 'no' };
const PUBLIC_PROXIES: Reach = { proxies: true, direct: 'no' };
const PUBLIC: Reach = { proxies: true, direct: 'public' };
const ALL: Reach = { proxies: true, direct: 'all' };

const TABLE: Record<Direct, Record<Relation, Reach>> = {
  never: { own: NOTHING_ELSE, known: NOTHING_ELSE, other: NOTHING_ELSE },
  own: { own: ALL, known: NOTHING_ELSE, other: NOTHING_ELSE },
  proxies: { own: ALL, known: PUBLIC_PROXIES, other: NOTHING_ELSE },
  contacts: { own: ALL, known: PUBLIC, other: NOTHING_ELSE },
};

export const reachOf = (direct: Direct, relation: Relation): Reach => TABLE[direct][relation];

/** What a peer names to be connected to. */
export interface Target {
  port: number;
  isProxy: boolean;
  /** The own server names the same one: by its JID, host and port. */
  isOwnProxy: boolean;
}

/** Below it are the services of machines, and no client's port. */
const FIRST_PORT = 1024;

/** Whether there are addresses at which this may be connected to. */
export function mayTry(reach: Reach, { port, isProxy, isOwnProxy }: Target): boolean {
  if (isOwnProxy) return true;
  return port >= FIRST_PORT && (reach.direct !== 'no' || (isProxy && reach.proxies));
}

/** Whether this may be connected to at this address. */
export function mayConnect(
  reach: Reach,
  target: Target,
  address: string,
  own: readonly OwnAddress[],
): boolean {
  if (target.isOwnProxy) return true;
  if (!mayTry(reach, target) || !isOfMachine(address)) return false;
  if (reach.direct === 'all' || isPublic(address)) return true;
  return reach.direct === 'public' && isInNetworkOf(own, address);
}

/**
 * The addresses of this machine that may be offered. Private ones are for the own account alone: who of the others is
 * in the same network is not known before.
 */
export function addressesFor(reach: Reach, own: readonly OwnAddress[]): string[] {
  const mayShow = { no: () => false, public: isPublic, all: isOfMachine }[reach.direct];
  return own
    .filter(({ address, internal }) => !internal && mayShow(address) && !isLinkLocal(address))
    .map(({ address }) => address);
}

/** Without its zone it means nothing, and a zone means nothing elsewhere. */
const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address);
