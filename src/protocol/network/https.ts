// HTTPS beside the XMPP stream. Nothing of it is left to Node's defaults, which flags and variables can change; and none
// of what `fetch` does unasked is done: no redirects, no cookies, no decompression, no connection kept for the next one.
import type { ClientRequest, RequestOptions } from 'node:http';
import { request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { type NetworkProxy, type Outward, proxyTo } from '../../session/dial/proxy.js';
import { throughProxy } from '../../session/dial/through-proxy.js';
import { withHints } from '../../session/hints.js';
import { tlsSettings, whyNotTrusted } from '../../session/stream/certificates.js';
import { ServerNotTrusted } from '../../session/stream/connection-errors.js';
import { UnfitAnswer } from './fetch-errors.js';

interface HttpsOptions {
  method: 'GET' | 'PUT';
  headers: Readonly<Record<string, string | readonly string[]>>;
  /** Finds the addresses of the host; default: as the system does. */
  lookup?: LookupFunction;
}

/** Begins a request; what is not ended is to be destroyed. */
export type Https = (url: URL, options: HttpsOptions) => ClientRequest;

/** Bytes of the header of an answer. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Requests to servers whose certificates are believed by this, and by the proxy that it names. */
export function httpsBy({ proxy, ...trust }: Outward): Https {
  const tls = tlsSettings(trust);
  return (url, { method, headers, lookup }) => {
    const way = proxyTo(hostOf(url), proxy);
    // The proxy finds the addresses, and may be where those are that must not be connected to.
    if (way && lookup) {
      throw new UnfitAnswer('no link is fetched by a proxy: addresses cannot be checked there');
    }
    const over = new AbortController();
    const asked = request(url, {
      ...{ ...tls, method, lookup },
      ...(way ? { createConnection: connectBy(way, url, tls, over.signal) } : { agent: false }),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, copied(value)]),
      ),
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
    });
    return asked.once('close', () => over.abort());
  };
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

const HTTPS_PORT = 443;

/** How a request gets its connection by a proxy. */
function connectBy(
  proxy: NetworkProxy,
  url: URL,
  tls: ConnectionOptions,
  signal: AbortSignal,
): NonNullable<RequestOptions['createConnection']> {
  const host = hostOf(url);
  const servername = isIP(host) ? {} : { servername: host };
  return (_options, connected) => {
    throughProxy(proxy, { host, port: Number(url.port || HTTPS_PORT) }, signal).then(
      (socket) => connected(null, connect({ ...tls, ...servername, socket, host })),
      (error: Error) => connected(error, undefined as never),
    );
    return undefined;
  };
}

const copied = (value: string | readonly string[]) =>
  typeof value === 'string' ? value : [...value];

/** How OpenSSL and Node call what is wrong with a certificate. */
const OF_CERTIFICATE =
  /^(ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_|PATH_LENGTH|HOSTNAME_)/;

/** `ServerNotTrusted`, if it was the certificate of this host that ended a request. */
export function whyUntrusted(error: NodeJS.ErrnoException, host: string): Error | undefined {
  if (!OF_CERTIFICATE.test(error.code ?? '')) return undefined;
  const { why, hint } = whyNotTrusted(error, undefined, Date.now());
  const message = `the certificate of ${host} is not trusted: ${why}`;
  return withHints(new ServerNotTrusted(message, { cause: error }), hint);
}

/** Longer than any that was seen: those of large clouds, which sign them, have some 1,500 characters. */
const MAX_URL_LENGTH = 4096;

/** A URL that may be asked for: by HTTPS, and with nobody's name and password in it. */
export function readHttpsUrl(text: string | undefined): URL | undefined {
  if (!text || text.length > MAX_URL_LENGTH || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'https:' && url.username === '' && url.password === '' ? url : undefined;
}
