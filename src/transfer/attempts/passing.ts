import {
  ChannelBroken,
  ChannelLost,
  ChannelNotOpened,
  ChannelOverrun,
} from '../../protocol/channel.js';
import { JingleEnded } from '../../protocol/jingle/session/jingle-ended.js';
import { NotAuthorized } from '../../session/login/sasl.js';
import { RequestTimeout } from '../../session/requests.js';
import { StanzaError } from '../../session/stanza-error.js';
import { ConnectionLost } from '../../session/stanza-session.js';
import { ConnectionFailed, ServerNotTrusted } from '../../session/stream/connection-errors.js';
import { isContent, meaningOfEnding } from '../answers.js';
import { RecipientUnreachable } from '../recipient-errors.js';

/** What may be otherwise at another attempt. */
const PASSING = [
  ...[ChannelBroken, ChannelLost, ChannelNotOpened],
  ...[ConnectionFailed, ConnectionLost, RecipientUnreachable, RequestTimeout],
];

/** Whether another attempt makes sense: nobody has said no, and nothing is wrong with what was tried. */
export function isPassing(error: Error): boolean {
  const { cause } = error;
  if (cause instanceof StanzaError && cause.type === 'wait') return true;
  const { reason } = cause instanceof JingleEnded ? cause : {};
  // Whoever calls a part the whole would do so again.
  if (reason && isContent(reason)) return false;
  const ending = reason && meaningOfEnding(reason);
  if (ending === 'unlucky') return true;
  // A recipient that sends more than was agreed on would do so again.
  if (error instanceof ChannelOverrun || ending === 'unwanted') return false;
  return PASSING.some((kind) => error instanceof kind);
}

/** Whether it was the connection that failed. */
export const isConnectionError = (error: Error): boolean =>
  error instanceof ConnectionFailed || error instanceof ConnectionLost;

/**
 * Whether one who was online should try again: after the connection, and after somebody else's answer in the server's
 * place, such as that of a captive portal. That one gets nothing from us: it must prove who it is before the login.
 */
export const mayComeBack = (error: Error): boolean =>
  isConnectionError(error) || error instanceof ServerNotTrusted;

/** Whether the server did not take the password. */
export const isRefusedLogin = (error: Error): boolean => error instanceof NotAuthorized;
