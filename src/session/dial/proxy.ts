import { withHints } from '../hints.js';
import { parseUrl } from '../parse-url.js';
import type { CertificateTrust } from '../stream/certificates.js';
import { canonicalHost, withoutBrackets } from './literal.js';
import { shownAddress } from './shown-address.js';

/** What all connections go through, by SOCKS5 (RFC 1928) or by HTTP's CONNECT (RFC 9110 §9.3.6). */
export interface NetworkProxy {
  /** By what it is asked. */
  readonly kind: 'socks5' | 'http';
  /** A name, or an address. */
  readonly host: string;
  /** Its TCP port. */
  readonly port: number;
  /** The login there. Absent: it asks for none. */
  readonly user?: { name: string; password: string } | undefined;
  /** Hosts that are connected to directly, with all below them: names in lower case, or addresses; `*`: all. */
  readonly except: readonly string[];
}

/** What a person is told of the login there, by whichever kind. */
export const WANTS_LOGIN = 'it wants a login: user:password@';
export const OTHER_LOGIN = 'it wants a login in another way than by user and password';
export const REFUSES_LOGIN = 'it refuses the login';

type ProxyUser = NonNullable<NetworkProxy['user']>;

/** How a connection gets out, and who is believed at its other end. */
export interface NetworkOptions extends CertificateTrust {
  /** What all connections go through. Default: none, whatever the environment says. */
  proxy?: NetworkProxy | undefined;
}

/** Whether it is one that `parseProxy` could have returned. */
export function isNetworkProxy(value: unknown): value is NetworkProxy {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, host, port, user, except } = value as Record<keyof NetworkProxy, unknown>;
  return (
    (kind === 'socks5' || kind === 'http') &&
    isText(host) &&
    host !== '' &&
    Number.isInteger(port) &&
    Number(port) >= 1 &&
    Number(port) <= MOST_PORT &&
    (user === undefined || isUser(user)) &&
    Array.isArray(except) &&
    except.every(isText)
  );
}

function isUser(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { name, password } = value as Record<keyof ProxyUser, unknown>;
  return isText(name) && isText(password) && fits({ name, password });
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** A `--proxy` is not `socks5://host:port` or `http://host:port`. */
export class MalformedProxy extends Error {
  override readonly name = 'MalformedProxy';
  /** `why`: what is wrong with it. */
  constructor(uri: string, why: string) {
    super(`"${shownAddress(uri)}" is not the address of a proxy that inband can use: ${why}`);
    withHints(this, 'give socks5://[user:password@]host:port or http://[user:password@]host:port');
  }
}

const KINDS: Readonly<Record<string, NetworkProxy['kind']>> = {
  'socks5:': 'socks5',
  // As others call it: names are resolved there, which is never done otherwise here.
  'socks5h:': 'socks5',
  'http:': 'http',
};

const MOST_PORT = 65_535;
/** RFC 1929 §2: each has a byte for its length, and is not empty. */
const MOST_BYTES = 255;

/** Reads `socks5://[user:password@]host:port` or `http://…`. Throws `MalformedProxy`. */
export function parseProxy(uri: string, except: readonly string[] = []): NetworkProxy {
  const [, scheme = ''] = /^\s*([a-z][a-z\d+.-]*:)\/\//i.exec(uri) ?? [];
  const kind = KINDS[scheme.toLowerCase()];
  if (!kind) throw new MalformedProxy(uri, whyNoKind(shownAddress(uri) === '…' ? '' : scheme));
  const url = parseUrl(uri);
  if (!url) throw new MalformedProxy(uri, whyUnreadable(uri));
  const { hostname, port, username, password, pathname, search, hash } = url;
  // A URL has no port where it is the one of its scheme.
  const number = Number(port || (kind === 'http' ? 80 : 0));
  if (number < 1) throw new MalformedProxy(uri, port ? NO_PORT : 'it names no port');
  if (!['', '/'].includes(pathname + search + hash)) {
    throw new MalformedProxy(uri, 'nothing may stand behind the port');
  }
  const user = username === '' ? undefined : userOf(username, password, uri);
  return { kind, host: withoutBrackets(hostname), port: number, user, except };
}

const NO_PORT = 'its port is no number from 1 to 65535';

function whyNoKind(scheme: string): string {
  if (scheme === '') return 'it begins with neither socks5:// nor http://';
  return scheme.toLowerCase() === 'https:'
    ? 'none is spoken to by TLS (https://)'
    : `${scheme}// is another kind of proxy`;
}

function whyUnreadable(uri: string): string {
  const [place = ''] = uri
    .replace(/^.*?:\/\//, '')
    .replace(/^.*@/s, '')
    .split(/[/?#]/);
  const [, port = ''] = /:([^:\]]*)$/.exec(place) ?? [];
  const isPort = /^\d*$/.test(port) && Number(port) <= MOST_PORT;
  return isPort ? 'no host can be read in it' : NO_PORT;
}

const fits = (user: ProxyUser): boolean =>
  Object.values(user).every((one) => Buffer.byteLength(one) <= MOST_BYTES);

function userOf(name: string, password: string, uri: string): NetworkProxy['user'] {
  try {
    const user = { name: decodeURIComponent(name), password: decodeURIComponent(password) };
    if (fits(user)) return user;
  } catch {
    throw new MalformedProxy(uri, 'a "%" in user or password is followed by no UTF-8');
  }
  throw new MalformedProxy(uri, `user or password has more than ${MOST_BYTES} bytes`);
}

/** The proxy for a connection to this host, if it takes one. */
export function proxyTo(host: string, proxy: NetworkProxy | undefined): NetworkProxy | undefined {
  const name = canonicalHost(host.toLowerCase().replace(/\.$/, ''));
  const isOut = proxy?.except.some(
    (one) => one === '*' || name === canonicalHost(one) || name.endsWith(`.${one}`),
  );
  return isOut ? undefined : proxy;
}

const byProxy = new WeakSet<object>();

/** Notes whether what failed went by a proxy, as a person is to know only then. Returns the error, or what it is given. */
export function withWay<Reason>(error: Reason, isByProxy: boolean): Reason {
  // A signal may have been aborted with anything.
  if (isByProxy && typeof error === 'object' && error !== null) byProxy.add(error);
  return error;
}

/** Whether a connection that failed, or one of several, went by a proxy. */
export const wentByProxy = (error: Error): boolean => byProxy.has(error);
