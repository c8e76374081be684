import type { Candidate } from './s5b-stanzas.js';

export interface Nominated {
  candidate: Candidate;
  /** We have offered it, and the peer has connected to it; or the other way round. */
  isOurs: boolean;
}

/**
 * §2.4: of the candidates that both have connected to the one with the higher priority; of two alike the one that the
 * initiator has chosen.
 */
export function nominated(
  usedByUs: Candidate | undefined,
  usedByPeer: Candidate | undefined,
  isInitiator: boolean,
): Nominated | undefined {
  if (!usedByUs || !usedByPeer) {
    const candidate = usedByUs ?? usedByPeer;
    return candidate && { candidate, isOurs: candidate === usedByPeer };
  }
  const difference = usedByPeer.priority - usedByUs.priority;
  const isOurs = difference === 0 ? !isInitiator : difference > 0;
  return { candidate: isOurs ? usedByPeer : usedByUs, isOurs };
}
