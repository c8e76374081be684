import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import WebSocket from 'ws';
import { STRICT_HTTP } from '../stream/node-defaults.js';
import { MAX_CHARACTERS } from '../stream/parser.js';

/** RFC 7395 §3.1. */
const SUBPROTOCOL = 'xmpp';

/** A stanza that is larger would be taken for none; a character has three bytes at most, by UTF-16 code units. */
const MAX_MESSAGE_BYTES = 3 * MAX_CHARACTERS;

/** See `XmppStream`, which knows nothing of what closes a WebSocket (RFC 6455 §7.1.1). */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Opens a WebSocket (RFC 6455) with XMPP in it on a secured connection; it is paused. Redirects are not followed, and
 * nothing is compressed. Rejects with why there is none, or the signal's reason.
 */
export async function openWebSocket(
  socket: TLSSocket,
  url: URL,
  signal: AbortSignal,
): Promise<WebSocket> {
  const options = {
    createConnection: () => socket,
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // Its types do not have it yet: a server that has closed the WebSocket may keep the connection no longer.
    closeTimeout: CLOSE_TIMEOUT_MS,
    // See `answerPings`: `ws` ends the connection, and says nothing, where many wait for an answer.
    autoPong: false,
    ...STRICT_HTTP,
  };
  const webSocket = new WebSocket(url, [SUBPROTOCOL], options);
  // Whoever waits for something hears of it.
  webSocket.on('error', () => undefined);
  webSocket.once('open', () => webSocket.pause());
  const refused = new Promise<never>((_, reject) => {
    webSocket.once('unexpected-response', (_request, answer) => reject(refusal(answer)));
  });
  try {
    await Promise.race([once(webSocket, 'open', { signal }), refused]);
    return webSocket;
  } catch (error) {
    webSocket.terminate();
    signal.throwIfAborted();
    throw error;
  }
}

function refusal({ statusCode = 0 }: IncomingMessage): Error {
  const isElsewhere = statusCode >= 300 && statusCode < 400;
  const what = isElsewhere
    ? 'the server names another place, which is not asked'
    : 'there is no WebSocket';
  return new Error(`${what}: HTTP ${statusCode}`);
}
