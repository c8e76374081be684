import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/** A host as one connects to it: an IPv6 address without the brackets that URLs and JIDs have (RFC 7622 §3.2). */
export const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

/** The same for a URL. */
export const hostOf = ({ hostname }: URL): string => withoutBrackets(hostname);

/** The one of `https:` and `wss:`, which a URL does not name. */
export const HTTPS_PORT = 443;

/** The TCP port of such a URL. */
export const portOf = ({ port }: URL): number => Number(port || HTTPS_PORT);

/** An IPv6 address in the form that URLs have it in, of the many that mean the same (RFC 5952); other hosts as they are. */
export const canonicalHost = (host: string): string =>
  isIPv6(host) && !host.includes('%')
    ? withoutBrackets(new URL(`http://[${host}]`).hostname)
    : host;

/** A host as certificates and proxies name it; one that cannot be named so as it is. */
export const asciiHost = (name: string): string => withoutBrackets(domainToASCII(name) || name);
