// A request by HTTPS. Nothing of it is left to Node's defaults, which flags and variables can change; and none of what
// `fetch` does unasked is done: no redirects, no cookies, no decompression, no connection kept for the next one.
import type { ClientRequest, RequestOptions } from 'node:http';
import { request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { EACH_ADDRESS, STRICT_HTTP } from '../stream/node-defaults.js';
import { hostOf, portOf } from './literal.js';
import type { NetworkProxy } from './proxy.js';
import { type ByProxy, noteWay, throughProxy } from './through-proxy.js';

export interface HttpsHead {
  method: 'GET' | 'PUT';
  headers: Readonly<Record<string, string | readonly string[]>>;
}

/** How it gets there: by a proxy, which finds the addresses of the host, or to those that `lookup` finds. */
type HttpsRoute = { proxy: NetworkProxy } | { lookup?: LookupFunction | undefined };

/** Begins a request; what is not ended is to be destroyed. `tls`: see `tlsSettings`. */
export function beginRequest(
  url: URL,
  { method, headers }: HttpsHead,
  tls: ConnectionOptions,
  route: HttpsRoute,
): ClientRequest {
  const over = new AbortController();
  const way = 'proxy' in route ? { proxy: route.proxy, hasAnswered: false } : undefined;
  const lookup = 'lookup' in route ? route.lookup : undefined;
  const connection = way
    ? { createConnection: connectBy(way, url, tls, over.signal) }
    : { agent: false, lookup };
  const asked = request(url, {
    ...tls,
    ...EACH_ADDRESS,
    ...STRICT_HTTP,
    method,
    ...connection,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, copied(value)]),
    ),
  });
  if (way) noteWay(asked, way);
  return endingWith(asked, over);
}

/**
 * Node tells of no `close` where a request is destroyed before it has a connection, which would come about then. The
 * reason is what the request fails with, and that of an abort without one is no error of Node's: its code is a number.
 */
function endingWith(asked: ClientRequest, over: AbortController): ClientRequest {
  const { destroy } = asked;
  asked.destroy = (error) => {
    over.abort(error ?? new Error('it was given up'));
    return destroy.call(asked, error);
  };
  return asked.once('close', () => over.abort());
}

/** How a request gets its connection by a proxy. */
function connectBy(
  way: ByProxy,
  url: URL,
  tls: ConnectionOptions,
  signal: AbortSignal,
): NonNullable<RequestOptions['createConnection']> {
  const host = hostOf(url);
  const servername = isIP(host) ? {} : { servername: host };
  return (_options, connected) => {
    const answered = () => {
      way.hasAnswered = true;
    };
    throughProxy(way.proxy, { host, port: portOf(url) }, signal, answered).then(
      (socket) => connected(null, connect({ ...tls, ...servername, socket, host })),
      (error: Error) => connected(error, undefined as never),
    );
    return undefined;
  };
}

const copied = (value: string | readonly string[]) =>
  typeof value === 'string' ? value : [...value];
