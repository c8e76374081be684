import type { Reason } from '../stanzas.js';

/** The Jingle session is over; `success` is an end, too. */
export class JingleEnded extends Error {
  override readonly name = 'JingleEnded';
  constructor(
    /** As it was given by whoever ended it. */
    readonly reason: Reason,
    /** We have ended it ourselves. */
    readonly byUs: boolean,
  ) {
    super(reason.text ? `${reason.condition}: ${reason.text}` : reason.condition);
  }
}
