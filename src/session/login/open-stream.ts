import { timerMs } from '../clock.js';
import type { Dialled, DialOptions } from '../dial/dial.js';
import type { Endpoint } from '../dial/endpoints.js';
import { reasonOf } from '../dial/network-reason.js';
import { type NetworkOptions, proxyTo, withWay } from '../dial/proxy.js';
import { withPlace } from '../dial/why-not-connected.js';
import { findServer } from '../discovery/find-server.js';
import type { ConnectOptions } from '../given/connect-options.js';
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
export type LoginOptions = NetworkOptions &
  Pick<ConnectOptions, 'account' | 'password' | 'service' | 'allowPlain' | 'onLogin'>;

interface Attempt {
  signal: AbortSignal;
  /** See `DialOptions`. */
  onWait: NonNullable<DialOptions['onWait']>;
  /** What the session was connected to before, if it was: a WebSocket is gone back to first. */
  last?: Endpoint | undefined;
}

/** Agrees with the server on the rest. `endpoint`: what was connected to. */
type Negotiate<Result> = (
  stream: XmppStream,
  features: Element,
  endpoint: Endpoint,
) => Promise<Result>;

/**
 * Connects, logs in and has `negotiate` agree with the server on the rest; all of it within `timeout` ms, or it is told
 * who was silent then.
 * Nothing is left open where that fails. Rejects with `ConnectionFailed`, `ServerNotTrusted`,
 * `NotAuthorized`, `MalformedJid`, `MalformedService`, what `negotiate` throws, or the signal's reason.
 */
export async function openStream<Result>(
  options: LoginOptions,
  { timeout, ...attempt }: Omit<Attempt, 'onWait'> & { timeout: number },
  negotiate: Negotiate<Result>,
): Promise<Result> {
  const late = new AbortController();
  let whySilent = () => '';
  const onWait: Attempt['onWait'] = (why) => {
    whySilent = why;
  };
  const tooLate = () =>
    late.abort(new ConnectionFailed(`not online after ${timeout / 1000} s: ${whySilent()}`));
  const timer = setTimeout(tooLate, timerMs(timeout));
  try {
    const signal = AbortSignal.any([late.signal, attempt.signal]);
    return await open(options, { ...attempt, onWait, signal }, negotiate);
  } finally {
    clearTimeout(timer);
  }
}

async function open<Result>(
  options: LoginOptions,
  attempt: Attempt,
  negotiate: Negotiate<Result>,
): Promise<Result> {
  const account = prepareJid(options.account);
  const [first = '', ...others] = domainForms(account.domain);
  let opening = openAs({ ...account, domain: first }, options, attempt, negotiate);
  for (const domain of others) {
    opening = opening.catch((error: Error) => {
      if (!isUnknown(error)) throw error;
      return openAs({ ...account, domain }, options, attempt, negotiate);
    });
  }
  return opening;
}

/** Whether the server does not serve the domain that was asked for. */
const isUnknown = ({ cause }: Error): boolean =>
  cause instanceof StreamError && cause.condition === 'host-unknown';

async function openAs<Result>(
  { local, domain }: Jid,
  options: LoginOptions,
  { signal, last, onWait }: Attempt,
  negotiate: Negotiate<Result>,
): Promise<Result> {
  const { ca, roots, proxy, service } = options;
  const dialled = await findServer({ domain, ca, roots, proxy, service, last, signal, onWait });
  const { endpoint, isDelegated } = dialled;
  onWait(() => `${whoIs(endpoint)} does not go on with the login`);
  const stream = new XmppStream(wireOf(dialled), { isDelegated });
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
    options.onLogin?.({ ...toldOf(endpoint), tls: stream.tls, mechanism });
    return await negotiate(stream, features, endpoint);
  } catch (error) {
    stream.fail(error as Error);
    // That it took too long is the one reason of our own to give up.
    const isOurs = !signal.aborted || signal.reason instanceof ConnectionFailed;
    const failed = signal.aborted ? signal.reason : error;
    withWay(failed, !!proxyTo(endpoint.host, proxy));
    throw isOurs ? withPlace(failed, endpoint, domain) : failed;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** Where host-meta names the host, `withPlace` says which. */
const whoIs = ({ host, port, fromHostMeta }: Endpoint): string =>
  fromHostMeta ? 'the server' : `${host} port ${port}`;

const toldOf = ({ host, port, webSocket, fromHostMeta = false }: Endpoint) => ({
  ...{ host, port, isWebSocket: webSocket !== undefined, isFallback: fromHostMeta },
});

const wireOf = ({ socket, endpoint: { webSocket } }: Dialled): Wire =>
  webSocket ? new WebSocketWire(socket) : new TcpWire(socket);

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
    const why = error ? reasonOf(error) : 'the server closed the connection';
    throw new ConnectionFailed(`the login was cut short (${why})`, { cause: error });
  });
  return Promise.race([answer, gone]);
}
