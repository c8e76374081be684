// A connection by the proxy of a network. The proxy finds the addresses of names: nothing is looked up here.
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import net from 'node:net';
import { EACH_ADDRESS, STRICT_HTTP } from '../stream/node-defaults.js';
import { asciiHost } from './literal.js';
import { reasonOf } from './network-reason.js';
import { type NetworkProxy, OTHER_LOGIN, REFUSES_LOGIN, WANTS_LOGIN } from './proxy.js';
import { enterSocks5 } from './socks5-client.js';

/** What is to be reached. */
interface Destination {
  host: string;
  port: number;
}

/**
 * Opens a TCP connection by the proxy. Rejects with why it could not, or the signal's reason; nothing is left open
 * then. `answered` is called when the proxy has said all that it can say by itself: it is the destination that is
 * waited for then.
 */
export async function throughProxy(
  proxy: NetworkProxy,
  to: Destination,
  signal: AbortSignal,
  answered: () => void = () => undefined,
): Promise<net.Socket> {
  try {
    signal.throwIfAborted();
    // RFC 4007 §6: a zone means something on this machine alone.
    if (to.host.includes('%')) throw new Error(`no other machine knows the zone of ${to.host}`);
    return await BY[proxy.kind](proxy, { host: nameOf(to.host), port: to.port }, signal, answered);
  } catch (error) {
    signal.throwIfAborted();
    const why = whyNot(error as Failure);
    throw new Error(`by the proxy ${proxy.host} port ${proxy.port}: ${why}`, { cause: error });
  }
}

/** Bytes; RFC 1035 §3.1 without what its own form adds. SOCKS5 has one byte for the length. */
const LONGEST_NAME = 253;

/** As names are sent: no proxy is told of letters beyond ASCII. */
function nameOf(host: string): string {
  const name = asciiHost(host);
  if (/[^!-~]/.test(name) || name.length > LONGEST_NAME)
    throw new Error(`no host can be called ${host}`);
  return name;
}

/** Says who is silent on the way to a host: the proxy, if there is one that has not answered itself. */
export function whySilent(
  host: string,
  proxy: NetworkProxy | undefined,
  hasAnswered: boolean,
): string {
  if (!proxy) return `${host} does not answer`;
  const by = `the proxy ${proxy.host} port ${proxy.port}`;
  return hasAnswered ? `${host} does not answer, by ${by}` : `${by} does not answer`;
}

/** How far it is with a proxy. */
export interface ByProxy {
  proxy: NetworkProxy;
  hasAnswered: boolean;
}

const ways = new WeakMap<ClientRequest, ByProxy>();

/** Notes for `whyUnanswered` that a request goes by a proxy. */
export const noteWay = (asked: ClientRequest, way: ByProxy): void => void ways.set(asked, way);

/** Says whom a request waits for, as a person is told; `host`: whom it is for. */
export function whyUnanswered(asked: ClientRequest, host: string): string {
  const { proxy, hasAnswered = true } = ways.get(asked) ?? {};
  return whySilent(host, proxy, hasAnswered);
}

async function bySocks5(
  { host, port, user }: NetworkProxy,
  to: Destination,
  signal: AbortSignal,
  answered: () => void,
): Promise<net.Socket> {
  const socket = net.connect({ ...EACH_ADDRESS, host, port, noDelay: true });
  // Whoever waits for something hears of it.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect', { signal });
    await enterSocks5(socket, to, user, signal, answered);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** RFC 9110 §9.3.6. It answers for the destination alone: that it takes connections is all that is seen of it before. */
async function byHttp(
  { host, port, user }: NetworkProxy,
  to: Destination,
  signal: AbortSignal,
  answered: () => void,
): Promise<net.Socket> {
  const target = `${net.isIPv6(to.host) ? `[${to.host}]` : to.host}:${to.port}`;
  const basic = user && Buffer.from(`${user.name}:${user.password}`).toString('base64');
  const { request } = await import('node:http');
  signal.throwIfAborted();
  const headers = { host: target, ...(basic ? { 'proxy-authorization': `Basic ${basic}` } : {}) };
  const where = { host, port, method: 'CONNECT', path: target, agent: false, headers };
  const asked = request({ ...EACH_ADDRESS, ...STRICT_HTTP, ...where });
  // Whoever waits for the answer hears of it, and nobody later.
  asked.on('error', () => undefined);
  asked.once('socket', (socket) => socket.once('connect', answered));
  asked.end();
  try {
    const [response, socket, head] = (await once(asked, 'connect', { signal })) as [
      IncomingMessage,
      net.Socket,
      Buffer,
    ];
    if (Math.floor((response.statusCode ?? 0) / 100) !== 2) {
      socket.destroy();
      throw new Error(whyRefused(response, user));
    }
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    if (head.length > 0) socket.unshift(head);
    return socket;
  } catch (error) {
    asked.destroy();
    const isClosed = CLOSED.includes((error as Failure).code ?? '');
    throw isClosed ? new Error('it closed without an answer: is it an HTTP proxy?') : error;
  }
}

const LOGIN_REQUIRED = 407;

/** RFC 9110 §11.7.1: it names the ways to log in. */
function whyRefused({ statusCode, headers }: IncomingMessage, user: NetworkProxy['user']): string {
  if (statusCode !== LOGIN_REQUIRED) return `it refuses (${statusCode})`;
  if (!/\bbasic\b/i.test(`${headers['proxy-authenticate'] ?? 'basic'}`)) return OTHER_LOGIN;
  return user ? REFUSES_LOGIN : WANTS_LOGIN;
}

const CLOSED = ['ECONNRESET', 'EPIPE'];

type Failure = NodeJS.ErrnoException;

/** Why the proxy makes no connection, in words of ours. */
function whyNot(failure: Failure): string {
  if (failure.code?.startsWith('HPE_')) return 'what answers there is no HTTP proxy';
  return reasonOf(failure);
}

const BY = { http: byHttp, socks5: bySocks5 };
