import type WebSocket from 'ws';

/**
 * Answers the pings of a server. While an answer waits to be written only the last ping behind it is remembered, which
 * is enough (RFC 6455 §5.5.3): however many come, and whether the server reads or not.
 */
export function answerPings(webSocket: WebSocket): void {
  let isAnswering = false;
  let last: Buffer | undefined;
  const answer = (ping: Buffer) => {
    if (isAnswering) {
      last = ping;
      return;
    }
    isAnswering = true;
    // A write that fails means that the connection is gone, which its end tells.
    webSocket.pong(ping, undefined, () => {
      isAnswering = false;
      const next = last;
      last = undefined;
      if (next) answer(next);
    });
  };
  webSocket.on('ping', answer);
}
