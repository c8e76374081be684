// XEP-0156: the WebSockets of a domain, by which it is reached where nothing but HTTPS gets out.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { ConnectionOptions } from 'node:tls';
import { domainToASCII } from 'node:url';
import { systemClock } from '../clock.js';
import type { DialOptions } from '../dial/dial.js';
import { beginRequest } from '../dial/https-request.js';
import { hostOf } from '../dial/literal.js';
import { reasonOf } from '../dial/network-reason.js';
import { type NetworkOptions, proxyTo } from '../dial/proxy.js';
import { whyUnanswered } from '../dial/through-proxy.js';
import { whyUntrusted } from '../dial/why-untrusted.js';
import { parseUrl } from '../parse-url.js';
import { tlsSettings } from '../stream/certificates.js';
import { readJrd, readXrd } from './read-host-meta.js';

interface HostMetaOptions extends NetworkOptions {
  signal: AbortSignal;
  clock?: typeof systemClock;
  /** See `DialOptions`. */
  onWait?: DialOptions['onWait'];
}

/** Milliseconds for all that is asked, from the first name that is looked up to the last byte. */
const ANSWER_MS = 5_000;
/** Bytes of a document; those of the largest providers have 1 or 2 KiB. */
const MAX_BYTES = 64 * 1024;
/** From one address of the domain to another one, as from `/x` to `/x/`. */
const MAX_REDIRECTS = 2;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** The second one is optional (XEP-0156 §2.2), and there is no third. */
const DOCUMENTS = [
  ['/.well-known/host-meta', readXrd],
  ['/.well-known/host-meta.json', readJrd],
] as const;

/** What lies there is of no use, and the other document may be. */
class Unusable extends Error {}

/** A name, or an IPv6 address in brackets: nothing that ends the host in a URL. */
const HOST = /^([^\s:/?#@[\]\\%]+|\[[\da-f:.]+\])$/i;

/**
 * Where the host-meta of a domain lies; an address in the place of a domain is asked as it is. Throws where the domain
 * means something else in a URL, or nothing: JIDs take more.
 */
export function hostMetaSite(domain: string): URL {
  const text = `https://${domainToASCII(domain) || domain}`;
  const url = HOST.test(domain) ? parseUrl(text) : undefined;
  if (url) return url;
  throw new Error(`no web server can be called ${domain}`);
}

/**
 * The addresses of the WebSockets that a site names, one at least and three at most: `wss:` alone, in its order. Takes
 * five seconds at most. Rejects with why there are none, in words for people, or the signal's reason.
 */
export async function askHostMeta(site: URL, options: HostMetaOptions): Promise<URL[]> {
  const { clock = systemClock } = options;
  const [late, done] = [new AbortController(), new AbortController()];
  void clock.sleep(ANSWER_MS, done.signal).then(
    () => late.abort(),
    () => undefined,
  );
  try {
    return await askInTurn(site, { ...options, late: late.signal });
  } finally {
    done.abort();
  }
}

async function askInTurn(
  site: URL,
  { proxy, signal, onWait, late, ...trust }: HostMetaOptions & { late: AbortSignal },
): Promise<URL[]> {
  const tls = tlsSettings(trust);
  const asking = { proxy: proxyTo(hostOf(site), proxy), tls, signal, onWait, late };
  let unusable = new Unusable(`${site.host} names no WebSocket`);
  for (const [path, read] of DOCUMENTS) {
    try {
      const found = readBy(read, await getText(new URL(path, site), asking), site);
      if (found.length > 0) return found;
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      if (path === DOCUMENTS[0][0]) unusable = error;
    }
  }
  throw unusable;
}

function readBy(read: (text: string) => URL[], text: string, site: URL): URL[] {
  // An address that Tor is to hide is not to be shown by what the hidden server names.
  const mayLead = (url: URL) => isOnion(url) || !isOnion(site);
  try {
    return read(text).filter(mayLead);
  } catch (error) {
    throw new Unusable(`what ${site.host} sends is no host-meta`, { cause: error });
  }
}

const isOnion = ({ hostname }: URL): boolean => /\.onion\.?$/.test(hostname);

interface Asking {
  proxy: NetworkOptions['proxy'];
  tls: ConnectionOptions;
  signal: AbortSignal;
  onWait: HostMetaOptions['onWait'];
  /** The time is over. */
  late: AbortSignal;
}

/** Follows redirects here, so that whatever goes wrong is told once, of the address at which it does. */
async function getText(url: URL, asking: Asking): Promise<string> {
  for (let redirects = 0; ; redirects += 1) {
    const found = await getOnce(url, asking);
    if (typeof found === 'string') return found;
    if (redirects >= MAX_REDIRECTS) throw leadsElsewhere(url);
    url = found;
  }
}

/** Resolves to the text, or to where it has to be asked for anew. */
async function getOnce(url: URL, asking: Asking): Promise<string | URL> {
  const { proxy, tls, signal, onWait, late } = asking;
  signal.throwIfAborted();
  const over = AbortSignal.any([signal, late]);
  const head = { method: 'GET', headers: { 'accept-encoding': 'identity' } } as const;
  const asked = beginRequest(url, head, tls, proxy ? { proxy } : {});
  // Whoever waits for the answer, or reads it, hears of it.
  asked.on('error', () => undefined).end();
  const why = () => whyUnanswered(asked, url.host);
  onWait?.(why);
  const stop = () => asked.destroy();
  over.addEventListener('abort', stop);
  try {
    const [response] = (await once(asked, 'response', { signal: over })) as [IncomingMessage];
    return readHead(response, url) ?? (await readText(response, url));
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) throw new Error(why());
    throw error instanceof Unusable ? error : unreachable(url, error as Error);
  } finally {
    over.removeEventListener('abort', stop);
    asked.destroy();
  }
}

/** Where it has to be asked anew, if it has. */
function readHead({ statusCode = 0, headers }: IncomingMessage, url: URL): URL | undefined {
  if (REDIRECTS.has(statusCode)) return readRedirect(headers.location, url);
  if (statusCode !== 200) throw new Unusable(`${url.host} has no host-meta (${statusCode})`);
  const { 'content-encoding': encoding = 'identity' } = headers;
  if (encoding.toLowerCase() === 'identity') return undefined;
  throw new Unusable(`what ${url.host} sends is encoded`);
}

/** RFC 6415 §2 would follow to any host; but nobody else is to speak for a domain than its own. */
function readRedirect(location: string | undefined, url: URL): URL {
  const next = location ? parseUrl(location, url.href) : undefined;
  const isOwn = next?.origin === url.origin && next.username === '' && next.password === '';
  if (next && isOwn) return next;
  throw leadsElsewhere(url);
}

const leadsElsewhere = ({ host }: URL) => new Unusable(`${host} leads elsewhere for its host-meta`);

async function readText(response: IncomingMessage, url: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += (chunk as Buffer).length;
    if (length > MAX_BYTES) throw new Unusable(`the host-meta of ${url.host} is too long`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

function unreachable(url: URL, error: NodeJS.ErrnoException): Error {
  // Node's parser of HTTP.
  if (error.code?.startsWith('HPE_')) return new Error(`what ${url.host} answers is no HTTP`);
  const why = `cannot get the host-meta of ${url.host} (${reasonOf(error)})`;
  return whyUntrusted(error, url.host) ?? new Error(why, { cause: error });
}
