import type { Clock } from '../clock.js';
import { isNetworkProxy, type NetworkProxy } from '../dial/proxy.js';
import type { UnsendableStanza } from '../stream/serialize.js';
import type { Element } from '../xml.js';
import { reporter, tell } from './callbacks.js';
import { checkObject, checkOptions, DURATION, type Rule } from './rules.js';
import { ofOurs, SIGNAL } from './signals.js';
import { givenNames, named } from './with-inherited.js';

/** How a login came about. */
export interface LoginTold {
  /** What was connected to. */
  host: string;
  /** The TCP port. */
  port: number;
  /** Whether it is a WebSocket (RFC 7395). */
  isWebSocket: boolean;
  /** Whether the domain named that one (XEP-0156), and it was tried because nothing else could be connected to. */
  isFallback: boolean;
  /** The version of TLS, such as `TLSv1.3`. */
  tls: string;
  /** The SASL mechanism. */
  mechanism: string;
}

/** What `connect` takes: whose account it is, how its server is reached, and what others may ask. */
export interface ConnectOptions {
  /** Own JID; its resource, if it has one, is asked for. */
  account: string;
  /** Kept in memory: to resume a session is to log in anew. */
  password: string;
  /** Asked for when the account names no resource. Default: a random one. */
  resource?: string | undefined;
  /**
   * Lets the password be shown to the server (SASL PLAIN), inside TLS. Default false. It never is to a host that only
   * host-meta names (XEP-0156), with a certificate that does not name the account's domain.
   */
  allowPlain?: boolean | undefined;
  /**
   * `xmpp://host:port` (STARTTLS), `xmpps://host:port` or `wss://host/path` (WebSocket, RFC 7395). Default: DNS SRV of
   * the account's domain, and last the WebSockets that it names (XEP-0156).
   */
  service?: string | undefined;
  /** What all connections go through; `parseProxy` reads it. Default: none, whatever the environment says. */
  proxy?: NetworkProxy | undefined;
  /** PEM of CAs to trust in place of Node's. */
  roots?: readonly string[] | undefined;
  /** PEM of a CA to trust beside those. */
  ca?: string | undefined;
  /** Milliseconds for the whole way to being online, and for each attempt to come back. Default 30,000. */
  timeout?: number | undefined;
  /** Gives up connecting, and resuming; without effect while the session is online. */
  signal?: AbortSignal | undefined;
  /**
   * Whether a full JID may send us requests; anyone else finds nobody there. Answers true or false at once: whatever else
   * it returns or throws lets nobody in, and is told `onError`. `request`: what it asks for. Default: anyone may.
   */
  admit?: ((from: string, request: Element) => boolean) | undefined;
  /**
   * Whether a sender who asks for what is not here, or is not let in, is told so once more. RFC 6120 §8.2.3 wants an
   * answer to each request; a flood of them could have us send nothing else. `characters`
   * are those of the id, which goes back. Answers as `admit` does. Default: always.
   */
  mayRefuse?: ((from: string, characters: number) => boolean) | undefined;
  /**
   * Told of what handlers, listeners and other callbacks throw, or reject with, beside `StanzaError`. Default: a warning
   * of Node's.
   */
  onError?: ((error: Error) => void) | undefined;
  /**
   * Told of an answer in whose place an error went out, as whoever asked has made it too large, by a long id for
   * example.
   */
  onUnsendable?: ((to: string, error: UnsendableStanza) => void) | undefined;
  /** Told of each login, those that resume a session too. */
  onLogin?: ((login: LoginTold) => void) | undefined;
  /** Hears, once for each, what the user should know of an answer in the server's place; it is tried again. */
  onSetback?: ((error: Error) => void) | undefined;
  /** Told, when a connection is over, how many bytes of white space went over it for the sake of speed. */
  onPadded?: ((bytes: number) => void) | undefined;
  /** Default: Node's. */
  clock?: Clock | undefined;
  /** From 0 up to 1, for the waits before a connection is tried again. Default: `Math.random`. */
  random?: (() => number) | undefined;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const TEXT: Rule = ['a text', isText];
const CALLBACK: Rule = ['a function', (value) => typeof value === 'function'];

/** What each option must be. */
const RULES: { readonly [Name in keyof ConnectOptions]-?: Rule } = {
  ...{ account: TEXT, password: TEXT, resource: TEXT, service: TEXT, ca: TEXT },
  allowPlain: ['true or false', (value) => typeof value === 'boolean'],
  proxy: ['what parseProxy returns', isNetworkProxy],
  roots: ['an array of texts', (value) => Array.isArray(value) && value.every(isText)],
  timeout: DURATION,
  signal: SIGNAL,
  ...{ admit: CALLBACK, mayRefuse: CALLBACK, onError: CALLBACK, onUnsendable: CALLBACK },
  ...{ onLogin: CALLBACK, onSetback: CALLBACK, onPadded: CALLBACK, random: CALLBACK },
  clock: ['a Clock', isClock],
};

function isClock(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { now, sleep } = value as Partial<Clock>;
  return [now, sleep].every((one) => typeof one === 'function');
}

/**
 * The options as a program gives them: `undefined` counts as absent. Throws RangeError for one that is not as it must
 * be, and for one that there is not: a misspelt `admit` would let everybody in. Inherited ones count in both, as one
 * reads them. What is only told never throws then.
 */
export function givenOptions(given: ConnectOptions): ConnectOptions {
  checkObject(given);
  const unknown = givenNames(given).find((name) => !Object.hasOwn(RULES, name));
  if (unknown !== undefined) throw new RangeError(`connect has no option ${unknown}`);
  const found = Object.entries(named(given, Object.keys(RULES)));
  const options = Object.fromEntries(found.filter(([, value]) => value !== undefined));
  checkOptions(RULES, options, { needed: ['account', 'password'] });
  return guarded(options as unknown as ConnectOptions);
}

function guarded(options: ConnectOptions): ConnectOptions {
  const report = reporter(options.onError);
  const { onLogin, onSetback, onPadded, signal } = options;
  return {
    ...options,
    ...(signal && { signal: ofOurs(signal) }),
    onLogin: (login) => tell(() => onLogin?.(login), report),
    onSetback: (error) => tell(() => onSetback?.(error), report),
    onPadded: (bytes) => tell(() => onPadded?.(bytes), report),
  };
}
