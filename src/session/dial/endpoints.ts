import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { systemClock } from '../clock.js';
import { withHints } from '../hints.js';
import { parseUrl } from '../parse-url.js';
import { portOf, withoutBrackets } from './literal.js';
import { shownAddress } from './shown-address.js';

/** Where to connect: `directTls` (XEP-0368), or STARTTLS on a plain connection. */
export interface Endpoint {
  host: string;
  port: number;
  directTls: boolean;
  /** The WebSocket there (RFC 7395), on TLS from the start. */
  webSocket?: URL;
  /** Whether it is the host-meta of the account's domain that names it (XEP-0156), and neither the user nor DNS. */
  fromHostMeta?: boolean;
}

/** A host without a scheme, which is a near miss. */
const BARE_HOST = /^[\p{L}\p{N}.-]+(:\d{1,5})?$/u;

/** A `--service` is not `xmpp://host:port`, `xmpps://host:port` or `wss://host/path`. */
export class MalformedService extends Error {
  override readonly name = 'MalformedService';
  constructor(service: string) {
    const shown = BARE_HOST.test(service) ? service : shownAddress(service);
    super(/^ws:/i.test(service) ? `"${shown}" is not encrypted` : `"${shown}" is not a service`);
    withHints(
      this,
      'give xmpp://host:port (STARTTLS), xmpps://host:port (TLS from the start) or wss://host/path (WebSocket)',
    );
  }
}

const STARTTLS_PORT = 5222;
const DIRECT_TLS_PORT = 5223;

/** How long SRV records are waited for; what is known by then has to do. */
const LOOK_UP_MS = 3_000;
/** After this long without an answer a resolver is asked once more, for UDP loses packets. */
const RESOLVER = { timeout: 1_000, tries: 3 };

/**
 * Reads `xmpp://host[:port]` or `xmpps://host[:port]`, where an IPv6 address may have its zone (RFC 4007 §11), or
 * `wss://host[:port]/path`. Throws `MalformedService`.
 */
export function parseService(service: string): Endpoint {
  if (/^wss:/i.test(service)) return webSocketAt(service);
  const match = /^(xmpps?):\/\/(\[[0-9a-f:.]+(?:%[\w.~-]+)?\]|[^\s:/?#@[\]]+)(?::(\d+))?\/?$/i.exec(
    service,
  );
  const [, scheme = '', host = '', port] = match ?? [];
  const directTls = scheme.toLowerCase() === 'xmpps';
  const number = port ? Number(port) : directTls ? DIRECT_TLS_PORT : STARTTLS_PORT;
  if (!match || number < 1 || number > 65_535) throw new MalformedService(service);
  return { host: withoutBrackets(host).replace(/%25(?=.)/, '%'), port: number, directTls };
}

/** The endpoint of a WebSocket. Throws `MalformedService` for what is not `wss://host[:port]/path`. */
function webSocketAt(uri: string): Endpoint {
  const url = parseUrl(uri);
  if (!url) throw new MalformedService(uri);
  const { protocol, port, username, password, hash } = url;
  const isPlain = protocol === 'wss:' && [username, password, hash].every((part) => part === '');
  if (!isPlain || port === '0') throw new MalformedService(uri);
  return webSocketEndpoint(url);
}

/** `url`: `wss://host[:port]/path`. */
export const webSocketEndpoint = (url: URL): Endpoint => ({
  host: withoutBrackets(url.hostname),
  port: portOf(url),
  directTls: true,
  webSocket: url,
});

type SrvResolver = Pick<Resolver, 'resolveSrv' | 'cancel'>;

/** The only one that can be known without asking anybody for it. */
export const ownEndpoint = (domain: string): Endpoint => ({
  host: withoutBrackets(domain),
  port: STARTTLS_PORT,
  directTls: false,
});

/**
 * The endpoints of a domain in the order to try them: SRV (RFC 6120 §3.2.1, XEP-0368), else port 5222. Takes three
 * seconds at most. An address in the place of a domain has no records. Rejects with the signal's reason alone.
 */
export async function lookUp(
  domain: string,
  signal: AbortSignal,
  resolver: SrvResolver = new Resolver(RESOLVER),
  clock = systemClock,
): Promise<Endpoint[]> {
  if (isIP(withoutBrackets(domain))) return [ownEndpoint(domain)];
  const answered = new AbortController();
  const over = AbortSignal.any([signal, answered.signal]);
  // Some resolvers never answer for one of the two names, and would keep us, and the process, for half a minute.
  const tooLate = clock.sleep(LOOK_UP_MS, over).then(
    () => resolver.cancel(),
    () => signal.aborted && resolver.cancel(),
  );
  const [direct, startTls] = await Promise.all([
    services(resolver, `_xmpps-client._tcp.${domain}`, true),
    services(resolver, `_xmpp-client._tcp.${domain}`, false),
  ]);
  answered.abort();
  await tooLate;
  signal.throwIfAborted();
  const found = [...direct, ...startTls].sort((a, b) => a.priority - b.priority || b.draw - a.draw);
  return found.length > 0 ? found : [ownEndpoint(domain)];
}

type RankedEndpoint = Endpoint & { priority: number; draw: number };

async function services(
  resolver: SrvResolver,
  name: string,
  directTls: boolean,
): Promise<RankedEndpoint[]> {
  // A resolver that fails is no better than a domain without SRV: port 5222 is still worth a try.
  const records = await resolver.resolveSrv(name).catch(() => []);
  return records
    .filter((record) => record.name !== '' && record.name !== '.')
    .map(({ name: host, port, priority, weight }) => ({
      host,
      port,
      directTls,
      priority,
      // RFC 2782: among equals, chosen at random in proportion to the weight.
      draw: weight > 0 ? Math.random() ** (1 / weight) : 0,
    }));
}
