import { ChannelBroken } from '../protocol/channel.js';
import { JingleEnded } from '../protocol/jingle/session/jingle-ended.js';
import { OfferUnanswered } from '../protocol/jingle/why-not-sent.js';
import { withHints } from '../session/hints.js';
import { serverOf } from '../session/jid.js';
import { RequestTimeout } from '../session/requests.js';
import { StanzaError } from '../session/stanza-error.js';
import {
  isContent,
  isOverLimit,
  isUnopened,
  isWithoutServer,
  meaningOfEnding,
  meaningOfError,
  meaningOfReason,
} from './answers.js';
import { NotSealed } from './ways/key-errors.js';
import type { Accepted } from './ways/way.js';

/** Nobody is there who takes files from us. */
export class RecipientUnreachable extends Error {
  override readonly name = 'RecipientUnreachable';
}

/** The client that is there would lose what comes inside the stream, or takes nothing there, and is not sent the file. */
export class NotInStream extends RecipientUnreachable {}

/** Whoever is there does not answer the question for its key, and nothing goes to it in the clear. */
export class KeyUntold extends RecipientUnreachable {}

/** The recipient is there and does not want the file, or cannot keep it. */
export class RecipientRefused extends Error {
  override readonly name = 'RecipientRefused';
}

/** The recipient is there and wants no file in the way that it was offered; there may be others. */
export class WayRefused extends RecipientRefused {}

/** The recipient is there and has no place at the moment: it may have one in a while. */
export class RecipientBusy extends RecipientRefused {}

/** What arrived is not what was sent. */
export class FileMismatch extends Error {
  override readonly name = 'FileMismatch';
}

/** Whether it was refused for now only, by an answer whose cause says so. */
export const isBusy = ({ cause }: Error): boolean =>
  cause instanceof StanzaError && isOverLimit(cause);

/** Somebody was looked for, or offered a file, in vain. `cause`: the answer that there was, if any. */
export const notThere = (
  jid: string,
  cause: StanzaError | undefined,
  ...hints: string[]
): RecipientUnreachable => unreachable(`nobody at ${jid} took the file`, jid, cause, hints);

/** The same, where nothing was to be sent. */
export const nobodyFound = (
  jid: string,
  cause: StanzaError | undefined,
  ...hints: string[]
): RecipientUnreachable =>
  unreachable(`nobody at ${jid} was found who takes files`, jid, cause, hints);

function unreachable(
  text: string,
  jid: string,
  cause: StanzaError | undefined,
  hints: readonly string[],
): RecipientUnreachable {
  const why = cause ? ` (${cause.message})` : '';
  if (cause && isWithoutServer(cause)) {
    const message = `your server cannot reach ${serverOf(jid)}${why}`;
    return withHints(new RecipientUnreachable(message, { cause }), 'is the address right?');
  }
  return withHints(
    new RecipientUnreachable(`${text}${why}`, { cause }),
    'is the address right?',
    'is "inband receive" running there, and does its --allow let you in?',
    ...hints,
  );
}

/** Nobody has answered the question for a key without which nothing goes. */
export const keyUntold = (peer: string, cause: Error): KeyUntold =>
  withHints(
    new KeyUntold(`${peer} did not tell its key, so that nothing was sent`, { cause }),
    'is "inband receive" running there?',
    '--encrypt off sends in the clear',
  );

/** What became of an offer, in words for its sender. */
export function whyNotAccepted(error: Error, peer: string): Error {
  if (error instanceof JingleEnded) return whyEnded(error, peer);
  if (error instanceof OfferUnanswered) {
    const why = new RecipientUnreachable(error.message, { cause: error });
    return withHints(why, 'people may need longer: --accept-timeout 30m');
  }
  if (error instanceof RequestTimeout) {
    const why = new RecipientUnreachable(`${peer} does not answer`, { cause: error });
    return withHints(why, 'is "inband receive" running there?');
  }
  if (!(error instanceof StanzaError)) return error;
  const reason = `(${error.message})`;
  const options = { cause: error };
  switch (meaningOfError(error)) {
    case 'impossible':
      return new WayRefused(`${peer} takes no files like this ${reason}`, options);
    case 'absent':
      return notThere(peer, error);
    case 'passing':
      return busy(error, peer);
    default:
      return refused(`${peer} refused the file ${reason}`, options);
  }
}

const busy = (error: Error, peer: string) =>
  withHints(new RecipientBusy(`${peer} is busy (${error.message})`, { cause: error }), 'try later');

const refused = (message: string, options: ErrorOptions) =>
  withHints(new RecipientRefused(message, options), 'ask its owner, or try later');

function whyEnded(error: JingleEnded, peer: string): Error {
  const { specific } = error.reason;
  const options = { cause: error };
  const meaning = meaningOfReason(error.reason);
  if (meaning === 'impossible') {
    return new WayRefused(`${peer} takes no files like this (${error.message})`, options);
  }
  if (meaning === 'passing') return busy(error, peer);
  if (meaning === 'absent') {
    return new RecipientUnreachable(`${peer} is not there any more (${error.message})`, options);
  }
  if (specific?.is('file-too-large')) {
    return refused(`${peer} cannot take the file: too large, or the disk is full`, options);
  }
  const why = specific ? `${specific.getName()}, ${error.message}` : error.message;
  return refused(`${peer} refused the file (${why})`, options);
}

/**
 * Whether a contact's other resources may take what this one did not: it cannot, or is gone. A person who was asked has
 * the offer on the screen, answered or not, and is not asked again elsewhere.
 */
export function leavesOthers(error: Error): boolean {
  if (error instanceof WayRefused || error instanceof NotSealed) return true;
  const { cause } = error;
  const isGone = cause instanceof StanzaError || cause instanceof JingleEnded;
  return error instanceof RecipientUnreachable && isGone;
}

/** What broke a transfer off that had begun, in words for its sender. */
export function whyBrokenOff(
  error: Error,
  { channel: { peer }, isSealed = false }: Pick<Accepted, 'channel' | 'isSealed'>,
): Error {
  if (!(error instanceof JingleEnded) || error.byUs) {
    const isBroken = error.constructor === ChannelBroken;
    return isSealed && isBroken ? unproven(error as ChannelBroken, peer) : error;
  }
  const ending = meaningOfEnding(error.reason);
  if (ending === 'busy') return busy(error, peer);
  if (ending === 'altered') {
    const message = `${peer} got other bytes than were sent (${error.message}); nothing of them was kept`;
    return new FileMismatch(message, { cause: error });
  }
  if (ending === 'unkept') return notKept(error, peer);
  const asDone = isContent(error.reason)
    ? `${peer} ended it as done, and did not say that it has all of the file`
    : undefined;
  const broken = new ChannelBroken(0, error, asDone);
  return isSealed && !asDone ? unproven(broken, peer) : broken;
}

function notKept(error: JingleEnded, peer: string): RecipientRefused {
  const { specific } = error.reason;
  const isTooLarge = specific?.is('file-too-large');
  const why = specific?.getName() ?? error.message;
  const text = isTooLarge ? ': too large, or the disk is full' : ` (${why})`;
  return new RecipientRefused(`${peer} could not keep the file${text}`, { cause: error });
}

/** What is sealed broke off in the clear, which can be anybody's doing, or the recipient did not get what was sealed. */
function unproven({ unsent, cause }: ChannelBroken, peer: string): Error {
  const isAltered = cause instanceof JingleEnded && isUnopened(cause.reason);
  const message = isAltered
    ? `what came to ${peer} is not what was sent, or not all of it`
    : `it broke off before ${peer} confirmed the file (${cause.message})`;
  return withHints(
    new ChannelBroken(unsent, cause, message),
    'send it again: it goes on from there',
    'where it ends so each time, somebody in between changes what is sent',
  );
}
