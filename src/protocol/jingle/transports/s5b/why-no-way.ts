import { domainToASCII } from 'node:url';
import { reasonOf } from '../../../../session/dial/network-reason.js';
import { domainOf, withoutResource } from '../../../../session/jid.js';
import { shownName } from '../../../peer-text.js';
import { type Candidate, isProxy } from './s5b-stanzas.js';

/** A candidate to which there was no connection. */
export interface Failed {
  candidate: Candidate;
  error: Error;
}

/** Longer names of proxies say nothing to anybody. */
const HOST_NAME = /^[a-z\d.-]{1,100}$/;

/**
 * Why no connection came about, for the user alone: it tells addresses. `failed`: what we have tried; `unreached`: what
 * the peer says that it has tried in vain of ours.
 */
export function whyNoWay(
  error: Error,
  failed: readonly Failed[],
  unreached: readonly Candidate[],
): string {
  const tried = failed.map((one) => `${placeOf(one.candidate)}: ${reasonOf(one.error)}`);
  const others =
    unreached.length > 0 ? [`they say that they did not reach ${placesOf(unreached)}`] : [];
  return [...tried, ...others].join('; ') || error.message;
}

const placesOf = (candidates: readonly Candidate[]): string => candidates.map(placeOf).join(', ');

function placeOf(candidate: Candidate): string {
  const place = `${shownName(candidate.host)} port ${candidate.port}`;
  if (!isProxy(candidate)) return place;
  const name = hostNameOf(candidate.jid);
  return name ? `the proxy ${name} (${place})` : `a proxy (${place})`;
}

/** Nothing where it is none: what the peer calls a proxy may be any text, and would read as ours. */
function hostNameOf(jid: string): string | undefined {
  const name = domainToASCII(domainOf(withoutResource(jid)));
  return HOST_NAME.test(name) ? name : undefined;
}
