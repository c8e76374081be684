// RFC 1928 SOCKS 5 and RFC 1929, as a client that names where it wants to go.
import { isIP, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { canonicalHost } from './literal.js';
import { type NetworkProxy, OTHER_LOGIN, REFUSES_LOGIN, WANTS_LOGIN } from './proxy.js';
import { readBytes } from './read-bytes.js';

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const BY_PASSWORD = 2;
/** RFC 1929 §2. */
const PASSWORD_VERSION = 1;
const CONNECT = 1;
const IPV4 = 1;
const DOMAIN_NAME = 3;
const IPV6 = 4;
/** Bytes of an address in a reply. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { [IPV4]: 4, [IPV6]: 16 };
const PORT_BYTES = 2;

/** §3: as the proxy takes none of the methods. */
const NO_METHOD = 0xff;

/** §6, by the number in the reply. */
const REFUSALS = [
  ...['', 'it fails', 'it does not allow that', 'the network is unreachable'],
  ...['the host is unreachable', 'the connection was refused', 'it took too long'],
];

/**
 * Has the proxy connect this socket to another host; `answered` is called when it is asked to, and nothing else is left
 * for it to say. Rejects where it does not, and with the signal's reason.
 */
export async function enterSocks5(
  socket: Duplex,
  { host, port }: { host: string; port: number },
  user: NetworkProxy['user'],
  signal: AbortSignal,
  answered: () => void,
): Promise<void> {
  const methods = user ? [NO_AUTHENTICATION, BY_PASSWORD] : [NO_AUTHENTICATION];
  socket.write(Buffer.of(VERSION, methods.length, ...methods));
  const [version, method] = await answerOf(socket, 2, signal, ': is it a SOCKS5 proxy?');
  if (version !== VERSION) throw new Error('it speaks no SOCKS5');
  if (method === BY_PASSWORD && user) await authenticate(socket, user, signal);
  else if (method !== NO_AUTHENTICATION) throw new Error(whyNoMethod(method, user));
  const bytes = Buffer.alloc(PORT_BYTES);
  bytes.writeUInt16BE(port);
  socket.write(Buffer.concat([Buffer.of(VERSION, CONNECT, 0), addressOf(host), bytes]));
  answered();
  const [, reply = 1, , kind = 0] = await answerOf(socket, 4, signal);
  if (reply !== 0) throw new Error(REFUSALS[reply] ?? `it refuses (${reply})`);
  const length = ADDRESS_BYTES[kind] ?? (await answerOf(socket, 1, signal))[0] ?? 0;
  await answerOf(socket, length + PORT_BYTES, signal);
}

function whyNoMethod(method: number | undefined, user: NetworkProxy['user']): string {
  if (method !== NO_METHOD && method !== BY_PASSWORD) return OTHER_LOGIN;
  return user ? 'it takes no login by user and password' : WANTS_LOGIN;
}

/** So many bytes from the proxy. Rejects where it closes before, and with the signal's reason. */
async function answerOf(
  socket: Duplex,
  count: number,
  signal: AbortSignal,
  question = '',
): Promise<Buffer> {
  try {
    return await readBytes(socket, count, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new Error(`it closed without an answer${question}`, { cause });
  }
}

async function authenticate(
  socket: Duplex,
  user: NonNullable<NetworkProxy['user']>,
  signal: AbortSignal,
): Promise<void> {
  const fields = [user.name, user.password].map((text) => Buffer.from(text));
  const counted = fields.flatMap((bytes) => [Buffer.of(bytes.length), bytes]);
  socket.write(Buffer.concat([Buffer.of(PASSWORD_VERSION), ...counted]));
  const [, status] = await answerOf(socket, 2, signal);
  if (status !== 0) throw new Error(REFUSES_LOGIN);
}

function addressOf(host: string): Buffer {
  if (isIP(host)) {
    const bytes = isIPv6(host) ? bytesOfIPv6(host) : host.split('.').map(Number);
    return Buffer.of(isIPv6(host) ? IPV6 : IPV4, ...bytes);
  }
  const name = Buffer.from(host);
  return Buffer.concat([Buffer.of(DOMAIN_NAME, name.length), name]);
}

/** RFC 4291 §2.2: in the form that a URL has there are groups of hex alone, and one gap at most. */
function bytesOfIPv6(host: string): number[] {
  const [left = '', right] = canonicalHost(host).split('::');
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').map((hex) => Number.parseInt(hex, 16));
  const [before, after] = [groups(left), groups(right ?? '')];
  const gap = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...gap, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}
