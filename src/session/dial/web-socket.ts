import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { STRICT_HTTP } from '../stream/node-defaults.js';

/** RFC 7395 §3.1. */
const SUBPROTOCOL = 'xmpp';

/** RFC 6455 §1.3: shows that whoever answers knows what a WebSocket is. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** RFC 6455 §4.1. */
const KEY_BYTES = 16;

/**
 * Opens a WebSocket (RFC 6455 §4.1) with XMPP in it on a secured connection, on which frames go from then on; nothing is
 * read until somebody listens to it. Redirects are not followed, and nothing is compressed. Rejects with why there is
 * none, or the signal's reason.
 */
export async function openWebSocket(
  socket: TLSSocket,
  url: URL,
  signal: AbortSignal,
): Promise<void> {
  const key = randomBytes(KEY_BYTES).toString('base64');
  const asked = ask(socket, url, key);
  // Whoever waits for the answer, or has the connection, hears of it.
  asked.on('error', () => undefined);
  socket.on('error', () => undefined);
  const refused = new Promise<never>((_, reject) => {
    asked.once('response', (answer) => reject(refusal(answer)));
  });
  try {
    const answered = once(asked, 'upgrade', { signal });
    const [answer, , head] = (await Promise.race([answered, refused])) as Upgrade;
    check(answer, key);
    if (head.length > 0) socket.unshift(head);
  } catch (error) {
    asked.destroy();
    socket.destroy();
    signal.throwIfAborted();
    throw error;
  }
}

type Upgrade = [answer: IncomingMessage, socket: TLSSocket, head: Buffer];

/** Nothing of it is left to Node's defaults, which flags and variables can change. */
function ask(socket: TLSSocket, { host, pathname, search }: URL, key: string): ClientRequest {
  const headers = {
    Host: host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Protocol': SUBPROTOCOL,
  };
  const asked = request({
    ...{ createConnection: () => socket, path: pathname + search, headers },
    ...STRICT_HTTP,
  });
  return asked.end();
}

function refusal({ statusCode = 0 }: IncomingMessage): Error {
  const isElsewhere = statusCode >= 300 && statusCode < 400;
  const what = isElsewhere
    ? 'the server names another place, which is not asked'
    : 'there is no WebSocket';
  return new Error(`${what}: HTTP ${statusCode}`);
}

/** RFC 6455 §4.1, what a client has to look at, but for what Node does: the status, and that it is an upgrade. */
function check({ headers }: IncomingMessage, key: string): void {
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    throw new Error('the server opens something else than a WebSocket');
  }
  if (headers['sec-websocket-accept'] !== accept) {
    throw new Error('the server accepts another WebSocket than was asked for');
  }
  if (headers['sec-websocket-extensions'] !== undefined) {
    throw new Error('the server extends the WebSocket by what was not asked for');
  }
  if (headers['sec-websocket-protocol'] !== SUBPROTOCOL) {
    throw new Error('the server has no XMPP in its WebSocket');
  }
}
