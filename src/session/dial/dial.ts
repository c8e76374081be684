import { once } from 'node:events';
import net from 'node:net';
import type tls from 'node:tls';
import { ConnectionFailed, ServerNotTrusted } from '../stream/connection-errors.js';
import { EACH_ADDRESS } from '../stream/node-defaults.js';
import type { Endpoint } from './endpoints.js';
import { type NetworkOptions, proxyTo, withWay } from './proxy.js';
import { namesHost, secure } from './secure.js';
import { startTls } from './start-tls.js';
import { throughProxy, whySilent } from './through-proxy.js';
import { allFailed, notConnected, withPlace } from './why-not-connected.js';

export interface DialOptions extends NetworkOptions {
  /** The domain of the account: what the certificate must name, whatever the endpoint is called. */
  domain: string;
  signal: AbortSignal;
  /** Finds the addresses of a host; default: as the system does. */
  lookup?: net.LookupFunction;
  /** Milliseconds for which all endpoints may say nothing, in all; default: the last one as long as it likes. */
  silence?: number;
  /** Told whenever somebody else is waited for: by what can be said of them where that takes too long. */
  onWait?: ((whySilent: () => string) => void) | undefined;
}

/** `answered` is called whenever the other side gives a sign of life. */
type Attempt = DialOptions & { answered?: () => void };

/** How long an endpoint may say nothing while there is another one; a firewall that drops packets says nothing. */
const ENDPOINT_MS = 5_000;
/** No endpoint has less, however many there are; those behind, for which nothing is left, are not tried. */
const LEAST_MS = 1_000;

/** A connection; where it leads to a WebSocket, that is open, and nothing of it is read. */
interface Connected {
  socket: tls.TLSSocket;
  /** Whether host-meta alone says that this is the account's server: the certificate names another host. */
  isDelegated: boolean;
}

/** A connection, and what it leads to. */
export type Dialled = Connected & { endpoint: Endpoint };

/** Opens an encrypted and authenticated connection to the first endpoint that gives one (RFC 6120 §3.2.1). */
export async function dial(endpoints: Endpoint[], options: DialOptions): Promise<Dialled> {
  const dialled = await dialInTurn(endpoints, options);
  if (Array.isArray(dialled)) throw allFailed(dialled);
  return dialled;
}

/** The same; resolves to why there is none, for each endpoint that was tried. Rejects with the signal's reason alone. */
export async function dialInTurn(
  endpoints: Endpoint[],
  options: DialOptions,
): Promise<Dialled | Error[]> {
  const failures: Error[] = [];
  const until = performance.now() + (options.silence ?? Number.POSITIVE_INFINITY);
  for (const [index, endpoint] of endpoints.entries()) {
    const left = until - performance.now();
    if (index > 0 && left <= 0) break;
    const silence = shareOf(left, endpoints.length - index);
    try {
      return { ...(await dialWithin(silence, endpoint, options)), endpoint };
    } catch (error) {
      const { aborted, reason } = options.signal;
      const failed = withWay(aborted ? reason : error, !!proxyTo(endpoint.host, options.proxy));
      if (aborted) throw failed;
      failures.push(failed);
    }
  }
  return failures;
}

/** The silence that the next endpoint may keep, of those that are left. */
const shareOf = (left: number, endpoints: number): number =>
  Math.max(LEAST_MS, endpoints > 1 ? Math.min(ENDPOINT_MS, left / endpoints) : left);

async function dialWithin(
  silence: number,
  endpoint: Endpoint,
  options: DialOptions,
): Promise<Connected> {
  const { host, port } = endpoint;
  const late = new AbortController();
  const isBounded = Number.isFinite(silence);
  const timer = isBounded ? setTimeout(() => late.abort(), silence) : undefined;
  const signal = AbortSignal.any([options.signal, late.signal]);
  let hasAnswered = false;
  const answered = () => {
    hasAnswered = true;
    timer?.refresh();
  };
  const why = () => whySilent(`${host} port ${port}`, proxyTo(host, options.proxy), hasAnswered);
  options.onWait?.(why);
  try {
    return await dialOne(endpoint, { ...options, signal, answered });
  } catch (error) {
    if (!late.signal.aborted) throw error;
    throw new ConnectionFailed(why(), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function dialOne(endpoint: Endpoint, options: Attempt): Promise<Connected> {
  const { directTls } = endpoint;
  let socket: net.Socket | undefined;
  try {
    socket = await reach(endpoint, options);
    options.answered?.();
    if (!directTls) await startTls(socket, options);
    const secured = await secure(socket, { ...options, ...securityOf(endpoint, options.domain) });
    return await enter(secured, endpoint, options);
  } catch (error) {
    socket?.destroy();
    if (options.signal.aborted) throw error;
    if (error instanceof ServerNotTrusted) throw withPlace(error, endpoint, options.domain);
    throw notConnected(endpoint, options.domain, error as Error);
  }
}

/** The host of a WebSocket is a name that the user, or the account's domain, gave for its server. */
function securityOf({ host, directTls, webSocket }: Endpoint, domain: string) {
  if (webSocket) return { names: [host, domain], protocol: 'http/1.1' };
  // XEP-0368 §3: tells a port that also speaks HTTPS what is meant.
  return { names: [domain], protocol: directTls ? 'xmpp-client' : undefined };
}

async function enter(
  socket: tls.TLSSocket,
  { webSocket: url, fromHostMeta = false }: Endpoint,
  { answered, signal, domain }: Attempt,
): Promise<Connected> {
  const isDelegated = fromHostMeta && !namesHost(socket, domain);
  if (!url) return { socket, isDelegated };
  answered?.();
  const { openWebSocket } = await import('./web-socket.js');
  await openWebSocket(socket, url, signal);
  return { socket, isDelegated };
}

async function reach({ host, port }: Endpoint, options: Attempt): Promise<net.Socket> {
  const { lookup, signal, answered } = options;
  const proxy = proxyTo(host, options.proxy);
  if (proxy) return throughProxy(proxy, { host, port }, signal, answered);
  const socket = net.connect({ ...EACH_ADDRESS, host, port, lookup });
  // 44 ms a block otherwise: Nagle's algorithm waits for the other side's delayed acknowledgement.
  socket.setNoDelay(true);
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
