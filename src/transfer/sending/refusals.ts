import { ChannelBroken, CloseUnconfirmed } from '../../protocol/channel.js';
import { JingleEnded } from '../../protocol/jingle/session/jingle-ended.js';
import { StanzaError } from '../../session/stanza-error.js';
import { meaningOfError } from '../answers.js';
import { RecipientRefused } from '../recipient-errors.js';

/**
 * Tells a recipient that takes no more of a file from one that was interrupted. By a bare bytestream and by SI it has no
 * word for that: what it means shows when it breaks the next attempt off in the same way, at the same place.
 */
export class Refusals {
  #furthest = 0;
  /** How far it had come when it was last broken off, and with what answer. */
  #last: { at: number; said: string } | undefined;

  /** So many bytes are there. */
  reached(bytes: number): void {
    this.#furthest = Math.max(this.#furthest, bytes);
  }

  /** What an attempt has ended with: the same answer as before, and no byte more, is a "no". */
  judge(error: Error, recipient: string): Error {
    if (!isBrokenOff(error)) return error;
    const before = this.#last;
    const [at, said] = [this.#furthest, error.cause.message];
    this.#last = { at, said };
    if (before?.at !== at || before.said !== said) return error;
    const message = `${recipient} takes ${at} bytes of the file and breaks it off there each time (${said}): it may be too large, or the disk full`;
    return new RecipientRefused(message, { cause: error });
  }
}

/** By the recipient, for a reason of its own; Jingle has words for that. */
function isBrokenOff(error: Error): error is ChannelBroken {
  if (!(error instanceof ChannelBroken) || error instanceof CloseUnconfirmed) return false;
  const { cause } = error;
  if (cause instanceof JingleEnded) return false;
  return !(cause instanceof StanzaError) || !MAY_PASS.has(meaningOfError(cause));
}

const MAY_PASS = new Set(['absent', 'passing']);
