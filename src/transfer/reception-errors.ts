import { JingleEnded } from '../protocol/jingle/session/jingle-ended.js';
import { hasBegunAnew } from './answers.js';

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

/** Why a file did not arrive, in words for people, which Jingle's reasons are not. */
export function whyNotReceived(error: Error): string {
  if (!(error instanceof JingleEnded)) return error.message;
  if (hasBegunAnew(error.reason)) return 'its sender has begun anew';
  return error.byUs ? error.message : `its sender ended it (${error.message}), and may go on later`;
}
