// HTTPS beside the XMPP stream.
import type { ClientRequest } from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import { beginRequest, type HttpsHead } from '../../session/dial/https-request.js';
import { hostOf } from '../../session/dial/literal.js';
import { type NetworkOptions, proxyTo } from '../../session/dial/proxy.js';
import { tlsSettings } from '../../session/stream/certificates.js';
import { AddressNotAllowed } from './fetch-errors.js';

interface HttpsOptions extends HttpsHead {
  /** Finds the addresses of the host; default: as the system does. */
  lookup?: LookupFunction;
  /** With `lookup`: the user vouches for the host, wherever a proxy finds it. */
  mayBeAnywhere?: boolean;
}

/** Begins a request; what is not ended is to be destroyed. Throws `AddressNotAllowed`. */
export type Https = (url: URL, options: HttpsOptions) => ClientRequest;

/** Requests to servers whose certificates are believed by this, and by the proxy that it names. */
export function httpsBy({ proxy, ...trust }: NetworkOptions): Https {
  const tls = tlsSettings(trust);
  return (url, { lookup, mayBeAnywhere = false, ...head }) => {
    const host = hostOf(url);
    const way = proxyTo(host, proxy);
    // The proxy finds the addresses, and may be where those are that must not be connected to.
    if (way && lookup && !mayBeAnywhere && !isIP(host)) {
      throw new AddressNotAllowed(
        `the proxy finds where ${host} is, and nobody can check it`,
        true,
      );
    }
    return beginRequest(url, head, tls, way ? { proxy: way } : { lookup });
  };
}
