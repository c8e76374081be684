// The ways to the server of a domain, one after the other.

import { type Dialled, type DialOptions, dial, dialInTurn } from '../dial/dial.js';
import {
  type Endpoint,
  lookUp,
  ownEndpoint,
  parseService,
  webSocketEndpoint,
} from '../dial/endpoints.js';
import { proxyTo, withWay } from '../dial/proxy.js';
import { allFailed, isAnswer } from '../dial/why-not-connected.js';
import { ConnectionFailed } from '../stream/connection-errors.js';

interface FindOptions extends Omit<DialOptions, 'silence'> {
  /** `xmpp://…`, `xmpps://…` or `wss://…`: the only way then. */
  service?: string | undefined;
  /** What the session was connected to before: tried first where it is a WebSocket. */
  last?: Endpoint | undefined;
}

/** What is known of a domain: the endpoints that DNS names, and the WebSockets that itself does. */
interface Discovery {
  endpoints(domain: string, signal: AbortSignal): Promise<Endpoint[]>;
  /** Rejects with why there are none. */
  webSockets(domain: string, dialling: DialOptions): Promise<URL[]>;
}

const ASKED: Discovery = {
  endpoints: lookUp,
  webSockets: async (domain, dialling) => {
    const { askHostMeta, hostMetaSite } = await import('./host-meta.js');
    return askHostMeta(hostMetaSite(domain), dialling);
  },
};

/**
 * How long a way may say nothing, in milliseconds, so that all of them have their turn within 28 s: a firewall that
 * drops packets says nothing. DNS takes three seconds at most, and host-meta five. What was tried before takes its
 * share of the time for TCP.
 */
const SILENCE = { last: 5_000, tcp: 12_000, tcpAfterLast: 7_000, webSocket: 8_000 };

/**
 * Connects to the server of a domain: where the user says it is, and nowhere else; or where DNS says that it is (RFC
 * 6120 §3.2); or, where nothing of that can be connected to, by the WebSockets that the domain names (XEP-0156 §2.2).
 * Where a server has answered that is not trusted, or does not serve the domain, nothing else is tried. Rejects with
 * `ConnectionFailed`, `ServerNotTrusted`, `MalformedService` or the signal's reason.
 */
export async function findServer(options: FindOptions, discovery = ASKED): Promise<Dialled> {
  const { service, last, ...dialling } = options;
  if (service) return dial([parseService(service)], dialling);
  const failures: Error[] = [];
  for (const way of waysTo(last, discovery)) {
    const found = await way(dialling);
    if (!Array.isArray(found)) return found;
    failures.push(...found);
    if (found.some(isAnswer)) break;
  }
  throw allFailed(failures);
}

/** Resolves to a connection, or to why there is none. */
type Way = (dialling: DialOptions) => Promise<Dialled | Error[]>;

const waysTo = (last: Endpoint | undefined, discovery: Discovery): Way[] => [
  ...(last?.webSocket
    ? [byLast(last), byTcp(discovery, SILENCE.tcpAfterLast)]
    : [byTcp(discovery, SILENCE.tcp)]),
  byWebSocket(discovery),
];

const byLast =
  (last: Endpoint): Way =>
  (dialling) =>
    dialInTurn([last], { ...dialling, silence: SILENCE.last });

/** A proxy finds the addresses of names, and knows nothing of services: nothing is looked up here then. */
const byTcp =
  ({ endpoints }: Discovery, silence: number): Way =>
  async (dialling) => {
    const { domain, proxy, signal, onWait } = dialling;
    onWait?.(() => `DNS does not say where ${domain} is`);
    const found = proxyTo(domain, proxy) ? [ownEndpoint(domain)] : await endpoints(domain, signal);
    return dialInTurn(found, { ...dialling, silence });
  };

const byWebSocket =
  ({ webSockets }: Discovery): Way =>
  async (dialling) => {
    const { domain, signal } = dialling;
    try {
      const urls = await webSockets(domain, dialling);
      const found = urls.map((url) => ({ ...webSocketEndpoint(url), fromHostMeta: true }));
      return await dialInTurn(found, { ...dialling, silence: SILENCE.webSocket });
    } catch (error) {
      if (signal.aborted) throw withWay(signal.reason, !!proxyTo(domain, dialling.proxy));
      // The web server of a domain may be no server of XMPP: what its certificate says is nothing against that.
      const { message } = error as Error;
      const failed = new ConnectionFailed(`nor by WebSocket: ${message}`, { cause: error });
      return [withWay(failed, !!proxyTo(domain, dialling.proxy))];
    }
  };
