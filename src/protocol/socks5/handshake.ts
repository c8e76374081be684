// RFC 1928 SOCKS 5, as much of it as XEP-0065 §7 needs: no authentication, and a connection to a name that is none.
import { timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { readBytes } from '../../session/dial/read-bytes.js';

const VERSION = 5;
const CONNECT = 1;
const SUCCEEDED = 0;
/** RFC 1928 §6: the connection is not allowed by the ruleset. */
const NOT_ALLOWED = 2;
const DOMAIN_NAME = 3;
const NO_AUTHENTICATION = 0;
const NO_METHOD = 0xff;

/** §4 and §6 have the same form: a request of who connects, and the reply with the address as it came. */
const message = (what: number, field: string): Buffer =>
  Buffer.from([
    ...[VERSION, what, 0, DOMAIN_NAME, field.length],
    ...Buffer.from(field, 'latin1'),
    ...[0, 0], // the port
  ]);

/** Bytes of a message before the name. */
const HEAD = 5;

/**
 * Connects to the bytestream of this address field, as the one who has opened the TCP connection. What follows on it is
 * left there. The request waits for the answer to the greeting: Prosody takes each for one read. Rejects where the other
 * side does otherwise, with the connection's error, or the signal's reason.
 */
export async function enter(socket: Duplex, field: string, signal: AbortSignal): Promise<void> {
  socket.write(Buffer.of(VERSION, 1, NO_AUTHENTICATION));
  const [version, method] = await readBytes(socket, 2, signal);
  if (version !== VERSION || method !== NO_AUTHENTICATION) {
    throw new Error('it speaks no SOCKS5 without authentication');
  }
  socket.write(message(CONNECT, field));
  const expected = message(SUCCEEDED, field);
  const head = await readBytes(socket, HEAD, signal);
  if (head[0] !== VERSION || head[1] !== SUCCEEDED) {
    throw new Error(`it refuses the connection (${head[1]})`);
  }
  if (!(await goesOnAs(expected, head, socket, signal))) {
    throw new Error('it answers with another address');
  }
}

/**
 * Takes one who connects to the bytestream of this address field; whoever wants another one is refused. Rejects as
 * `enter` does.
 */
export async function admit(socket: Duplex, field: string, signal: AbortSignal): Promise<void> {
  const [version, count = 0] = await readBytes(socket, 2, signal);
  if (version !== VERSION || count === 0) throw new Error('it speaks no SOCKS5');
  const methods = await readBytes(socket, count, signal);
  if (!methods.includes(NO_AUTHENTICATION)) {
    socket.write(Buffer.of(VERSION, NO_METHOD));
    throw new Error('it wants authentication');
  }
  socket.write(Buffer.of(VERSION, NO_AUTHENTICATION));
  const expected = message(CONNECT, field);
  const head = await readBytes(socket, HEAD, signal);
  if (!(await goesOnAs(expected, head, socket, signal))) {
    socket.write(message(NOT_ALLOWED, ''));
    throw new Error('it asks for another address');
  }
  socket.write(message(SUCCEEDED, field));
}

/** Whether the message that begins so is the one expected. Only what has the length of that is read on. */
async function goesOnAs(
  expected: Buffer,
  head: Buffer,
  socket: Duplex,
  signal: AbortSignal,
): Promise<boolean> {
  if (!head.equals(expected.subarray(0, HEAD))) return false;
  const rest = await readBytes(socket, expected.length - HEAD, signal);
  return timingSafeEqual(rest, expected.subarray(HEAD));
}
