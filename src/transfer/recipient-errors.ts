import { BytestreamBroken } from '../protocol/ibb/bytestream.js';
import { JingleEnded } from '../protocol/jingle/jingle-session.js';
import { OfferUnanswered } from '../protocol/jingle/outgoing-jingle-file.js';
import { RequestTimeout } from '../session/requests.js';
import { StanzaError } from '../session/stanza-error.js';

/** Nobody is there who takes files from us. */
export class RecipientUnreachable extends Error {
  override readonly name = 'RecipientUnreachable';
}

/** The recipient is there and does not want the file, or cannot keep it. */
export class RecipientRefused extends Error {
  override readonly name = 'RecipientRefused';
}

/** The recipient is there and wants no file in the way that it was offered; there may be others. */
export class WayRefused extends RecipientRefused {}

/** What arrived is not what was sent. */
export class FileMismatch extends Error {
  override readonly name = 'FileMismatch';
}

/** Behind the address of who was looked for in vain. */
export const NOBODY =
  'is not there, or takes no files from you; is "inband receive" running there, and does its --allow let you in?';

/** Errors that a peer gives who is there and has looked at the request. */
const REFUSALS = new Set([
  'not-acceptable',
  'not-allowed', // Tkabber
  'forbidden',
  'resource-constraint',
  'bad-request',
]);

/** Jingle's reasons of one who cannot do what was offered (XEP-0166 §7.4). */
const NOT_POSSIBLE = new Set([
  'unsupported-applications',
  'unsupported-transports',
  'incompatible-parameters',
  'security-error',
]);

/** The same, of SI (XEP-0095 §4.2). */
const SI_NOT_POSSIBLE = new Set(['bad-profile', 'no-valid-streams']);

/** Jingle's reasons of one who is not there, or not any more. */
const ABSENT = new Set(['expired', 'gone', 'timeout']);

/** What became of an offer, in words for its sender. */
export function whyNotAccepted(error: Error, peer: string): Error {
  if (error instanceof JingleEnded) return whyEnded(error, peer);
  if (error instanceof OfferUnanswered) {
    return new RecipientUnreachable(`${error.message}; see --accept-timeout`, { cause: error });
  }
  if (error instanceof RequestTimeout) {
    return new RecipientUnreachable(`${peer} does not answer; is it running "inband receive"?`, {
      cause: error,
    });
  }
  if (!(error instanceof StanzaError)) return error;
  const reason = `(${error.message})`;
  if (SI_NOT_POSSIBLE.has(error.specific?.name ?? '')) {
    return new WayRefused(`${peer} takes no files like this ${reason}`, { cause: error });
  }
  return REFUSALS.has(error.condition)
    ? new RecipientRefused(`${peer} refused the file ${reason}; ask its owner, or try later`, {
        cause: error,
      })
    : new RecipientUnreachable(`${peer} ${NOBODY} ${reason}`, { cause: error });
}

function whyEnded(error: JingleEnded, peer: string): Error {
  const { condition, specific } = error.reason;
  const options = { cause: error };
  if (NOT_POSSIBLE.has(condition)) {
    return new WayRefused(`${peer} takes no files like this (${error.message})`, options);
  }
  if (ABSENT.has(condition)) {
    return new RecipientUnreachable(`${peer} is not there any more (${error.message})`, options);
  }
  if (specific?.is('file-too-large')) {
    const message = `${peer} has no room for the file, or takes none so large; ask its owner`;
    return new RecipientRefused(message, options);
  }
  const why = specific ? `${specific.getName()}, ${error.message}` : error.message;
  const message = `${peer} refused the file (${why}); ask its owner, or try later`;
  return new RecipientRefused(message, options);
}

/** What broke a transfer off that had begun, in words for its sender. */
export function whyBrokenOff(error: Error, peer: string): Error {
  if (!(error instanceof JingleEnded) || error.byUs) return error;
  const { condition, specific } = error.reason;
  if (condition === 'media-error' && !specific) {
    const message = `${peer} got other bytes than were sent (${error.message}); nothing of them was kept`;
    return new FileMismatch(message, { cause: error });
  }
  if (condition === 'media-error' || condition === 'failed-application') {
    const why = specific?.getName() ?? error.message;
    return new RecipientRefused(`${peer} could not keep the file (${why})`, { cause: error });
  }
  return new BytestreamBroken(0, error);
}
