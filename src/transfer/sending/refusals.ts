import { ChannelBroken, CloseUnconfirmed } from '../../protocol/channel.js';
import { JingleEnded } from '../../protocol/jingle/session/jingle-ended.js';
import { StanzaError } from '../../session/stanza-error.js';
import { meaningOfError } from '../answers.js';
import { RecipientRefused } from '../recipient-errors.js';
import type { Accepted } from '../ways/way.js';

/** Where an attempt was broken off: bytes that the recipient has taken for sure, and those that it may have taken. */
interface BreakPoint {
  from: number;
  to: number;
}

/**
 * Tells a recipient that takes no more of a file from one that was interrupted. By a bare bytestream and by SI it has
 * no word for that: what it means shows when it breaks the next attempt off in the same way, at the same place.
 */
export class Refusals {
  /** What this attempt goes by, once there is something to break off. */
  #accepted: Pick<Accepted, 'channel' | 'range'> | undefined;
  /** Where the last one was broken off, and with what answer. */
  #last: { at: BreakPoint; said: string } | undefined;

  /** An attempt has begun. */
  begins(accepted: Pick<Accepted, 'channel' | 'range'>): void {
    // A connection of its own breaks for reasons of its own; Jingle has words for the recipient's.
    this.#accepted = accepted.channel.lane === undefined ? accepted : undefined;
  }

  /** What an attempt has ended with: the same answer as that of the one before, at the same place, is a "no". */
  judge(error: Error, recipient: string): Error {
    const accepted = this.#accepted;
    this.#accepted = undefined;
    if (!accepted || !isBrokenOff(error)) return error;
    const before = this.#last;
    const [at, said] = [breakPointOf(accepted), error.cause.message];
    this.#last = { at, said };
    if (!before || before.said !== said || !overlap(before.at, at)) return error;
    const message = `${recipient} takes ${at.from} bytes of the file and breaks it off there each time (${said}): it may be too large, or the disk full`;
    return new RecipientRefused(message, { cause: error });
  }
}

function breakPointOf({ channel, range }: Pick<Accepted, 'channel' | 'range'>): BreakPoint {
  const from = range.offset + channel.bytesSent;
  return { from, to: from + channel.bytesUnderWay };
}

const overlap = (one: BreakPoint, other: BreakPoint) =>
  one.from <= other.to && other.from <= one.to;

/** Whether the recipient broke it off, for a reason of its own; Jingle has words for that. */
function isBrokenOff(error: Error): error is ChannelBroken {
  if (!(error instanceof ChannelBroken) || error instanceof CloseUnconfirmed) return false;
  const { cause } = error;
  if (cause instanceof JingleEnded) return false;
  return !(cause instanceof StanzaError) || !MAY_PASS.has(meaningOfError(cause));
}

const MAY_PASS = new Set(['absent', 'passing']);
