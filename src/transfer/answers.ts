// What is to be made of the answer to an offer: one table for each protocol that gives answers.
import type { Reason } from '../protocol/jingle/stanzas.js';
import type { StanzaError } from '../session/stanza-error.js';

/**
 * - `unwanted`: a person, or a rule of theirs, has said no. Nothing else is tried.
 * - `impossible`: it does not work in this way. The next way is tried, and then the contact's other resources.
 * - `absent`: nobody is there, or not any more. Other resources may be.
 * - `passing`: the same may work in a while.
 */
type Meaning = 'unwanted' | 'impossible' | 'absent' | 'passing';

type Table<M = Meaning> = Readonly<Record<string, M>>;

/**
 * Why a transfer by Jingle was ended that had begun.
 * - `unwanted`: the peer does not want the file any more.
 * - `unlucky`: it wants the file, and another attempt may have more luck.
 * - `altered`: it got other bytes than were sent.
 * - `unkept`: it could not keep them.
 * - `busy`: it wants it in a while.
 * - `broken`: it says no more than that it is over.
 */
type Ending = 'unwanted' | 'unlucky' | 'altered' | 'unkept' | 'busy' | 'broken';

/** XEP-0166 §7.4: reasons to end a Jingle session before it was accepted. */
const JINGLE_REASONS: Table = {
  'alternative-session': 'passing',
  busy: 'passing',
  cancel: 'unwanted',
  'connectivity-error': 'impossible',
  decline: 'unwanted',
  expired: 'absent',
  'failed-application': 'impossible', // libervia, of any offer with a correct hash
  'failed-transport': 'impossible',
  'general-error': 'impossible',
  gone: 'absent',
  'incompatible-parameters': 'impossible',
  'media-error': 'impossible',
  'security-error': 'impossible',
  timeout: 'absent',
  'unsupported-applications': 'impossible',
  'unsupported-transports': 'impossible',
};

/** XEP-0166 §7.4: reasons to end it afterwards. */
const JINGLE_ENDINGS: Table<Ending> = {
  'alternative-session': 'unlucky',
  busy: 'busy',
  cancel: 'unwanted',
  'connectivity-error': 'unlucky',
  decline: 'unwanted',
  'failed-application': 'unkept',
  'failed-transport': 'unlucky',
  'media-error': 'altered',
};

/** XEP-0234 §9: they say more than the reason that they come with. */
const FILE_ERRORS: Table = {
  'file-not-available': 'unwanted',
  'file-too-large': 'unwanted',
};

/** XEP-0095 §4.2: the same, beside a condition of SI's. */
const SI_ERRORS: Table = {
  'bad-profile': 'impossible',
  'no-valid-streams': 'impossible',
};

/** RFC 6120 §8.3.3: errors that answer a Jingle offer, an SI offer (XEP-0095 §3.2), or the open of a bytestream. */
const CONDITIONS: Table = {
  'bad-request': 'impossible',
  conflict: 'impossible',
  'feature-not-implemented': 'impossible', // Psi 1.5, of Jingle
  forbidden: 'unwanted', // XEP-0096 §2: declined
  gone: 'absent',
  'internal-server-error': 'impossible', // a program that fails over the offer
  'item-not-found': 'absent',
  'not-acceptable': 'unwanted', // XEP-0047 §2.1: the peer does not want it
  'not-allowed': 'unwanted', // Tkabber
  'not-authorized': 'unwanted',
  'policy-violation': 'unwanted',
  'recipient-unavailable': 'absent',
  redirect: 'absent',
  'registration-required': 'unwanted',
  'remote-server-not-found': 'absent',
  'remote-server-timeout': 'absent',
  'resource-constraint': 'unwanted',
  'service-unavailable': 'absent',
  'subscription-required': 'unwanted',
  'unexpected-request': 'impossible',
};

/** A reason that nobody knows is taken for a no: it would be tried again on somebody who has refused. */
export function meaningOfReason({ condition, specific }: Reason): Meaning {
  return find(FILE_ERRORS, specific?.getName()) ?? find(JINGLE_REASONS, condition) ?? 'unwanted';
}

/** A `media-error` with a reason of its own is about the place for the bytes, and not about them. */
export function meaningOfEnding({ condition, specific }: Reason): Ending {
  const ending = find(JINGLE_ENDINGS, condition) ?? 'broken';
  return ending === 'altered' && specific ? 'unkept' : ending;
}

/** That nobody is there may pass, too (RFC 6120 §8.3.3.13), but not while one waits for a place. */
export function meaningOfError({ type, condition, specific }: StanzaError): Meaning {
  const known = find(SI_ERRORS, specific?.name) ?? find(CONDITIONS, condition) ?? 'absent';
  return type === 'wait' && known !== 'absent' ? 'passing' : known;
}

/** RFC 6120 §8.3.3.15 and 16: it is the domain that cannot be reached. */
const NO_SERVER = new Set(['remote-server-not-found', 'remote-server-timeout']);

/** Prosody that may talk to no other server says so in its text alone. */
const NO_OTHERS = /remote domains?/i;

export const isWithoutServer = ({ condition, text }: StanzaError): boolean =>
  NO_SERVER.has(condition) || (condition === 'not-allowed' && NO_OTHERS.test(text));

/** Whether somebody may not be there, or be there for others only: not where they have not got what was asked for. */
export const mayBeShut = (error: StanzaError): boolean =>
  ['absent', 'unwanted'].includes(meaningOfError(error)) && error.condition !== 'item-not-found';

/** How those refuse who have too much to do, where the error is of type `wait`; others have failed. */
const LIMITS = new Set(['not-acceptable', 'policy-violation', 'resource-constraint']);

/** Whether somebody has too much to do for now. */
export const isOverLimit = ({ type, condition }: StanzaError): boolean =>
  type === 'wait' && LIMITS.has(condition);

/** Whether a sender has ended a transfer because it goes on in another Jingle session. */
export const hasBegunAnew = ({ condition }: Reason): boolean => condition === 'alternative-session';

/** Whether who ended it wanted no more than that. */
export const isCalledOff = ({ condition, text }: Reason): boolean =>
  condition === 'cancel' && !text;

/**
 * Whether it will be the same later, where it is the first that is heard: the own server lets nothing through, or there
 * is no such address. Servers call a domain that has been there, and cannot be reached now, not found as well.
 */
export const isForGood = (error: StanzaError): boolean =>
  meaningOfError(error) === 'unwanted' || FOR_GOOD.has(error.condition);

/** RFC 6120 §8.3.3. */
const FOR_GOOD = new Set(['gone', 'jid-malformed', 'redirect', 'remote-server-not-found']);

/**
 * Why an upload service has no place for a file (XEP-0363 §5).
 * - `too-large`: it has a limit.
 * - `full`: it has taken too much already, of the sender or in all.
 * - `not-you`: it takes none from the sender.
 * - `unfit`: there is something else about the file.
 */
type SlotMeaning = 'too-large' | 'full' | 'not-you' | 'unfit';

const SLOT_ERRORS: Table<SlotMeaning> = {
  forbidden: 'not-you',
  'not-allowed': 'not-you',
  'not-authorized': 'not-you',
  'payment-required': 'not-you',
  'policy-violation': 'full',
  'registration-required': 'not-you',
  'resource-constraint': 'full',
  'service-unavailable': 'not-you',
  'subscription-required': 'not-you',
};

export function meaningOfSlotError({ condition, specific }: StanzaError): SlotMeaning {
  if (specific?.name === 'file-too-large') return 'too-large';
  return find(SLOT_ERRORS, condition) ?? 'unfit';
}

/** Whether somebody knows nothing of what was named. */
export const isUnknownItem = ({ condition }: StanzaError): boolean =>
  condition === 'item-not-found';

/** Whether a recipient has ended it as done. */
export const isContent = ({ condition }: Reason): boolean => condition === 'success';

/** Whether a party to a Jingle session is there no more, or knows nothing of it. */
export const isAway = ({ condition }: Reason): boolean => condition === 'gone';

/** What was sealed was not opened, or its key is not wanted. */
export const isUnopened = ({ condition }: Reason): boolean => condition === 'security-error';

/** The names are a peer's: `constructor` is none of them. */
const find = <M>(table: Table<M>, name = ''): M | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
