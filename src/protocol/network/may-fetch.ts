// What may be asked for by its address (HTTPS), which is a peer's word.
import { HTTPS_PORT, hostOf, portOf } from '../../session/dial/literal.js';
import { parseUrl } from '../../session/parse-url.js';
import type { Allows } from './checked-lookup.js';
import type { Endpoint } from './network.js';
import { isOfMachine, isPublic } from './special-addresses.js';

/** The host and port of an address; that of IPv6 without its brackets. */
export const endpointOf = (url: URL): Endpoint => ({
  host: hostOf(url),
  port: portOf(url),
});

/** `host` or `host:port`, as a URL has them; `undefined`: it is neither. */
export function readEndpoint(text: string): Endpoint | undefined {
  const url = parseUrl(`https://${text}`);
  if (!url) return undefined;
  const isAlone = url.pathname === '/' && !/[/@?#\\]/.test(text);
  return isAlone && url.port !== '0' ? endpointOf(url) : undefined;
}

/** Which addresses a host may have. */
interface Allowed {
  allows: Allows;
  /** It is one of the user's own, who vouches for whatever machine it is. */
  isOwn: boolean;
}

/**
 * Which addresses the host of a URL may have: public ones, or those of any machine if it is one of the user's own. No
 * other port than that of HTTPS is asked of others: `undefined`.
 */
export function addressesOf(url: URL, own: readonly Endpoint[]): Allowed | undefined {
  const { host, port } = endpointOf(url);
  const isOwn = own.some((one) => one.host === host && one.port === port);
  if (isOwn) return { allows: isOfMachine, isOwn };
  return port === HTTPS_PORT ? { allows: isPublic, isOwn } : undefined;
}
