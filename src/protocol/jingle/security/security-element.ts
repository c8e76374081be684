// The element in which what is sealed travels (docs/seal.md), and what stands in the clear beside it.
import { StanzaError } from '../../../session/stanza-error.js';
import { type Element, xml } from '../../../session/xml.js';
import { decodeBase64, encodeBase64 } from '../../base64.js';
import { MOST_OF_HANDSHAKE, NS_SEAL } from '../../seal/handshake.js';
import { SealBroken } from '../../seal/seal-broken.js';
import { NS_FILE_ERRORS, NS_FILE_TRANSFER } from '../file-description.js';
import type { Reason } from '../stanzas.js';

/** What servers read of a file that is offered. */
export const outsideOffer = (): Element =>
  xml('description', { xmlns: NS_FILE_TRANSFER }, xml('file', {}, xml('range')));

/** What they read of it in an answer. */
export const outsideAnswer = (): Element =>
  xml('description', { xmlns: NS_FILE_TRANSFER }, xml('file'));

/** A description as it is sealed: all that there is of the transport is beside the file, and what else is said. */
export const withBeside = (
  described: Element,
  ...beside: readonly (Element | undefined)[]
): Element =>
  xml('description', { ...described.attrs }, ...described.getChildElements(), ...beside);

/** Stands in an answer that takes nothing: the sender proves who it is, and hears why. */
export const declined = (): Element => xml('declined', { xmlns: NS_SEAL });

export const isDeclined = (described: Element): boolean =>
  described.getChild('declined', NS_SEAL) !== undefined;

/** What a description that was sealed has of a transport. */
export const transportIn = (described: Element): Element | undefined =>
  described.getChildElements().find((child) => child.getName() === 'transport');

export const securityElement = (message: Uint8Array): Element =>
  xml('security', { xmlns: NS_SEAL }, encodeBase64(message));

export const isSealed = (element: Element): boolean => element.is('security', NS_SEAL);

/** In characters. */
const MOST_OF_TEXT = Math.ceil(MOST_OF_HANDSHAKE / 3) * 4;

/** Throws `SealBroken`. */
export function readSecurity(element: Element): Buffer {
  const text = element.getText();
  const isOne = isSealed(element) && element.getChildElements().length === 0;
  const isPacked = text.length <= MOST_OF_TEXT && !/\s/.test(text);
  const message = isOne && isPacked ? decodeBase64(text) : undefined;
  if (!message) throw new SealBroken();
  return message;
}

/** What is sealed and does not fit is no error of its own: the peer would hear which. Throws `SealBroken`. */
export function fitting<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof StanzaError ? new SealBroken({ cause: error }) : error;
  }
}

/** XEP-0234 §9: what says more than the condition that it comes with. */
const TOO_LARGE = 'file-too-large';

/** A reason as the one word that a verdict has of it. */
export const wordOf = ({ condition, specific }: Reason): string =>
  specific?.getName() === TOO_LARGE ? TOO_LARGE : condition;

/** The other way round. */
export const reasonWithin = (word: string): Reason =>
  word === TOO_LARGE
    ? { condition: 'media-error', specific: xml(TOO_LARGE, { xmlns: NS_FILE_ERRORS }) }
    : { condition: word };
