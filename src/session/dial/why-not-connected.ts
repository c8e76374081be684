// Why there is no connection to a server, and what can be done about it.
import { ownHints, withHints } from '../hints.js';
import { ConnectionFailed, ServerNotTrusted } from '../stream/connection-errors.js';
import { StreamError } from '../stream/stream-error.js';
import type { Endpoint } from './endpoints.js';
import { reasonOf } from './network-reason.js';
import { wentByProxy, withWay } from './proxy.js';

export function notConnected(
  { host, port, directTls, webSocket }: Endpoint,
  domain: string,
  cause: Error,
): Error {
  // RFC 6120 §4.9.3.6
  if (cause instanceof StreamError && cause.condition === 'host-unknown') {
    return new ConnectionFailed(`${host} port ${port} does not serve ${domain}`, { cause });
  }
  const reason = reasonOf(cause);
  const failed = new ConnectionFailed(`cannot connect to ${host} port ${port} (${reason})`, {
    cause,
  });
  // Answers that are not in TLS are in the clear, with which the other kind of port begins.
  const speaksClear = directTls && /wrong version number|packet length too long/.test(reason);
  if (webSocket) return speaksClear ? withHints(failed, 'that port speaks no HTTPS') : failed;
  if (speaksClear)
    return withHints(failed, `that port speaks STARTTLS: try xmpp://${host}:${port}`);
  // What waits for TLS hangs up on a header in the clear.
  if (directTls || !/ECONNRESET|closed the connection/.test(cause.message)) return failed;
  return withHints(failed, `does that port speak TLS from the start? xmpps://${host}:${port}`);
}

/** Says in an error where it was, and why there, as nobody chose a host that host-meta names. Returns the error. */
export function withPlace<E extends Error>(
  error: E,
  { host, port, fromHostMeta }: Endpoint,
  domain: string,
): E {
  const place = ` (at ${host} port ${port}, named by the host-meta of ${domain})`;
  if (fromHostMeta) error.message += place;
  return error;
}

/** Whether it is the server that answered, or somebody in its place: no other way is to be tried then. */
export const isAnswer = (failure: Error): boolean =>
  failure instanceof ServerNotTrusted || failure.cause instanceof StreamError;

/** The error that failures come to, one at least: an answer, or else the first; the others are told beside it. */
export function allFailed(failures: readonly Error[]): Error {
  const untrusted = failures.find((failure) => failure instanceof ServerNotTrusted);
  const chosen = untrusted ?? failures.find(isAnswer) ?? (failures[0] as Error);
  withWay(chosen, failures.some(wentByProxy));
  const others = failures.filter((failure) => failure !== chosen);
  if (others.length === 0) return chosen;
  const tried = others.flatMap((other) => [other.message, ...ownHints(other)]);
  const advice = untrusted ? [] : ['check the network, the domain, and --service'];
  return withHints(chosen, ...tried, ...ownHints(chosen), ...advice);
}
