import { randomBytes } from 'node:crypto';
import type { Streamhost } from '../../../socks5/stanzas.js';
import { type Candidate, priorityOf } from './s5b-stanzas.js';

/** Addresses of this machine that are offered; those of many networks are of no more use. */
const MAX_DIRECT = 3;

/** The preference of the best; beside those of other programs, which begin with 0, 15, 32,768 or 65,535. */
const BEST_PREFERENCE = 1_001;

interface OwnCandidatesOptions {
  /** Where we listen ourselves. */
  direct: readonly Streamhost[];
  proxies: readonly Streamhost[];
  isInitiator: boolean;
  /** What the peer has offered. */
  theirs: readonly Candidate[];
}

/**
 * What we offer. The priorities are never those of the peer: what becomes of two alike each program settles in its own
 * way (§2.4). Between two of us the initiator's are odd, and the responder's even.
 */
export function ownCandidates(options: OwnCandidatesOptions): Candidate[] {
  const { direct, proxies, isInitiator, theirs } = options;
  const taken = new Set(theirs.map(({ priority }) => priority));
  // §2.2: no responder offers what the initiator has offered.
  const isNew = ({ host, port }: Streamhost) =>
    !theirs.some((other) => other.host === host && other.port === port);
  let preference = BEST_PREFERENCE - (isInitiator ? 0 : 1);
  const candidate = (type: 'direct' | 'proxy', streamhost: Streamhost): Candidate => {
    while (taken.has(priorityOf(type, preference))) preference -= 2;
    const priority = priorityOf(type, preference);
    preference -= 2;
    return { ...streamhost, cid: randomBytes(8).toString('hex'), priority, type };
  };
  return [
    ...direct
      .filter(isNew)
      .slice(0, MAX_DIRECT)
      .map((own) => candidate('direct', own)),
    ...proxies.filter(isNew).map((proxy) => candidate('proxy', proxy)),
  ];
}
