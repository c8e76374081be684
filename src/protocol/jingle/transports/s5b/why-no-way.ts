import { reasonOf } from '../../../../session/dial/network-reason.js';
import { type Candidate, isProxy } from './s5b-stanzas.js';

/** A candidate to which there was no connection. */
export interface Failed {
  candidate: Candidate;
  error: Error;
}

/**
 * Why no connection came about, for the user alone: it tells addresses. `failed`: what we have tried; `unreached`: what
 * the peer has tried of ours.
 */
export function whyNoWay(
  error: Error,
  failed: readonly Failed[],
  unreached: readonly Candidate[],
): string {
  const tried = failed.map((one) => `${placeOf(one.candidate)}: ${reasonOf(one.error)}`);
  const others = unreached.length > 0 ? [`not reached from there: ${placesOf(unreached)}`] : [];
  return [...tried, ...others].join('; ') || error.message;
}

const placesOf = (candidates: readonly Candidate[]): string => candidates.map(placeOf).join(', ');

function placeOf(candidate: Candidate): string {
  const place = `${candidate.host} port ${candidate.port}`;
  return isProxy(candidate) ? `the proxy ${candidate.jid} (${place})` : place;
}
