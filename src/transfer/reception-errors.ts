import { ChannelBroken } from '../protocol/channel.js';
import { JingleEnded } from '../protocol/jingle/session/jingle-ended.js';
import { StanzaError } from '../session/stanza-error.js';
import { hasBegunAnew, isCalledOff } from './answers.js';

/** A sender offers again what it is sending: its program was killed, or its connection. */
export class OfferedAgain extends Error {
  override readonly name = 'OfferedAgain';
}

/** Nothing is received any more: the program is stopped. The sender may find another of the account's resources. */
export class ReceivingEnded extends Error {
  override readonly name = 'ReceivingEnded';
}

/** A file is offered again that its sender is sending all the same, and there is no room for both. */
export class StillUnderWay extends Error {
  override readonly name = 'StillUnderWay';
}

/**
 * Why a file did not arrive, in words for people, which Jingle's reasons and the system's are not. Whether a sender who stops is heard by
 * the end of the Jingle session first, or by that of the connection beside it, is chance.
 */
export function whyNotReceived(error: Error): string {
  if (error instanceof ChannelBroken) {
    return stopped(error.cause instanceof StanzaError ? error.cause : undefined);
  }
  if (!(error instanceof JingleEnded)) return error.message;
  if (hasBegunAnew(error.reason)) return 'its sender has begun anew';
  if (error.byUs) return error.message;
  return stopped(isCalledOff(error.reason) ? undefined : error);
}

const stopped = (why: Error | undefined): string =>
  `its sender stopped${why ? ` (${why.message})` : ''}, and may go on with it later`;
