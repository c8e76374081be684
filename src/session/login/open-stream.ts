import { timerMs } from '../clock.js';
import { type Dialled, dial } from '../dial/dial.js';
import { type Endpoint, lookUp, ownEndpoint, parseService } from '../dial/endpoints.js';
import { type Outward, proxyTo } from '../dial/proxy.js';
import { domainForms, type Jid, prepareJid } from '../jid.js';
import { ConnectionFailed } from '../stream/connection-errors.js';
import { serialize } from '../stream/serialize.js';
import { StreamError } from '../stream/stream-error.js';
import type { Wire } from '../stream/wire.js';
import { XmppStream } from '../stream/xmpp-stream.js';
import { TcpWire } from '../wires/tcp-wire.js';
import { WebSocketWire } from '../wires/web-socket-wire.js';
import type { Element } from '../xml.js';
import { logIn } from './login.js';

/** Whose account it is, and how its server is reached. */
export interface StreamOptions extends Outward {
  /** Own JID; its resource, if it has one, is asked for. */
  account: string;
  /** Kept in memory: to resume a session is to log in anew. */
  password: string;
  /**
   * `xmpp://host:port` (STARTTLS), `xmpps://host:port` or `wss://host/path` (WebSocket, RFC 7395). Default: DNS SRV of
   * the account's domain.
   */
  service?: string | undefined;
  /** Lets the password be shown to the server (SASL PLAIN), inside TLS. Default false. */
  allowPlain?: boolean | undefined;
  /** Told of each login, those that resume a session too. */
  onLogin?: ((login: LoginTold) => void) | undefined;
}

/** How a login came about. */
export interface LoginTold {
  /** What was connected to. */
  host: string;
  /** The TCP port. */
  port: number;
  /** Whether it is a WebSocket (RFC 7395). */
  isWebSocket: boolean;
  /** The version of TLS, such as `TLSv1.3`. */
  tls: string;
  /** The SASL mechanism. */
  mechanism: string;
}

/**
 * Connects, logs in and has `negotiate` agree with the server on the rest; all of it within `timeout` ms.
 * Nothing is left open where that fails. Rejects with `ConnectionFailed`, `ServerNotTrusted`,
 * `NotAuthorized`, `MalformedJid`, `MalformedService`, what `negotiate` throws, or the signal's reason.
 */
export async function openStream<Result>(
  options: StreamOptions,
  { timeout, signal }: { timeout: number; signal: AbortSignal },
  negotiate: (stream: XmppStream, features: Element) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController();
  const tooLate = () => late.abort(new ConnectionFailed(`not online after ${timeout / 1000} s`));
  const timer = setTimeout(tooLate, timerMs(timeout));
  try {
    return await open(options, AbortSignal.any([late.signal, signal]), negotiate);
  } finally {
    clearTimeout(timer);
  }
}

async function open<Result>(
  options: StreamOptions,
  signal: AbortSignal,
  negotiate: (stream: XmppStream, features: Element) => Promise<Result>,
): Promise<Result> {
  const account = prepareJid(options.account);
  const [first = '', ...others] = domainForms(account.domain);
  let attempt = openAs({ ...account, domain: first }, options, signal, negotiate);
  for (const domain of others) {
    attempt = attempt.catch((error: Error) => {
      if (!isUnknown(error)) throw error;
      return openAs({ ...account, domain }, options, signal, negotiate);
    });
  }
  return attempt;
}

/** Whether the server does not serve the domain that was asked for. */
const isUnknown = ({ cause }: Error): boolean =>
  cause instanceof StreamError && cause.condition === 'host-unknown';

async function openAs<Result>(
  { local, domain }: Jid,
  options: StreamOptions,
  signal: AbortSignal,
  negotiate: (stream: XmppStream, features: Element) => Promise<Result>,
): Promise<Result> {
  const { ca, roots, proxy } = options;
  const endpoints = await endpointsOf(domain, options, signal);
  const dialled = await dial(endpoints, { domain, ca, roots, proxy, signal });
  const stream = new XmppStream(wireOf(dialled));
  const giveUp = () => stream.fail(signal.reason);
  signal.addEventListener('abort', giveUp);
  try {
    signal.throwIfAborted();
    const { features, mechanism } = await logIn(stream, {
      domain,
      username: local,
      password: options.password,
      allowPlain: options.allowPlain ?? false,
    });
    const { host, port, webSocket } = dialled.endpoint;
    options.onLogin?.({ host, port, isWebSocket: !!webSocket, tls: stream.tls, mechanism });
    return await negotiate(stream, features);
  } catch (error) {
    stream.fail(error as Error);
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

const wireOf = ({ socket, webSocket }: Dialled): Wire =>
  webSocket ? new WebSocketWire(webSocket, socket) : new TcpWire(socket);

/** A proxy finds the addresses of names, and knows nothing of services: nothing is looked up here then. */
async function endpointsOf(
  domain: string,
  { service, proxy }: StreamOptions,
  signal: AbortSignal,
): Promise<Endpoint[]> {
  if (service) return [parseService(service)];
  return proxyTo(domain, proxy) ? [ownEndpoint(domain)] : lookUp(domain, signal);
}

/** Sends an element of the login and waits for its answer; what comes in between is not for us yet. */
export async function exchange(
  stream: XmppStream,
  element: Element,
  answers: (element: Element) => boolean,
): Promise<Element> {
  const answer = new Promise<Element>((resolve) => {
    stream.consume((received) => {
      if (!answers(received)) return;
      stream.consume(undefined);
      resolve(received);
    });
  });
  stream.write(serialize(element)).catch((error) => stream.fail(error));
  const gone = stream.closed.then((error) => {
    const why = error?.message ?? 'the server closed the connection';
    throw new ConnectionFailed(`the login was cut short (${why})`, { cause: error });
  });
  return Promise.race([answer, gone]);
}
