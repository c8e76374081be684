// XEP-0166 Jingle 1.1.2: elements only. Sends nothing, keeps no state.
import { StanzaError } from '../../session/stanza-error.js';
import { type Element, xml } from '../../session/xml.js';
import { badRequest } from '../conditions.js';
import { cutReason, isShortName } from '../peer-text.js';
import { isSid } from '../sid.js';

export const NS_JINGLE = 'urn:xmpp:jingle:1';
const NS_JINGLE_ERRORS = 'urn:xmpp:jingle:errors:1';

/** §7.2 */
const ACTIONS = [
  'content-accept',
  'content-add',
  'content-modify',
  'content-reject',
  'content-remove',
  'description-info',
  'security-info',
  'session-accept',
  'session-info',
  'session-initiate',
  'session-terminate',
  'transport-accept',
  'transport-info',
  'transport-reject',
  'transport-replace',
] as const;

export type Action = (typeof ACTIONS)[number];

export type Role = 'initiator' | 'responder';

export interface Content {
  creator: Role;
  name: string;
  senders: string;
  description: Element | undefined;
  transport: Element | undefined;
  /** What it is to be secured by (§9). */
  security: Element | undefined;
}

export interface Jingle {
  action: Action;
  sid: string;
  contents: Content[];
  reason: Reason | undefined;
  /** §6.9: what a `session-info` says; `undefined` is a ping. */
  info: Element | undefined;
}

/** Why a Jingle session ended (§7.4). */
export interface Reason {
  /** `success`, `decline`, `cancel`, … */
  condition: string;
  /** In words for people; a peer's. */
  text?: string | undefined;
  /** The name of the application's own condition. */
  specific?: Element | undefined;
}

export const jingle = (
  action: Action,
  sid: string,
  attrs: { initiator?: string; responder?: string },
  ...children: Element[]
): Element => xml('jingle', { xmlns: NS_JINGLE, action, sid, ...attrs }, ...children);

export const content = (
  { creator, name, senders }: Pick<Content, 'creator' | 'name' | 'senders'>,
  ...children: Element[]
): Element => xml('content', { creator, name, senders }, ...children);

export const reason = ({ condition, text, specific }: Reason): Element =>
  xml('reason', {}, xml(condition), text ? xml('text', {}, text) : undefined, specific);

/** Throws `StanzaError` for what §7 does not allow. */
export function readJingle(element: Element): Jingle {
  const { action, sid = '' } = element.attrs;
  if (!isSid(sid)) throw badRequest('jingle needs a sid that is an NMTOKEN of at most 128 letters');
  if (!isAction(action)) throw badRequest('unknown action');
  const ours = element.getChildElements();
  const reasonElement = element.getChild('reason');
  return {
    action,
    sid,
    contents: readContents(element),
    reason: reasonElement && readReason(reasonElement),
    info: ours.find((child) => child.getNS() !== NS_JINGLE),
  };
}

/** More than one is refused, and the refusal names each. */
const MAX_CONTENTS = 16;

function readContents(element: Element): Content[] {
  const contents = element.getChildren('content');
  if (contents.length > MAX_CONTENTS) throw badRequest('too many contents');
  return contents.map(readContent);
}

const SENDERS = new Set(['both', 'initiator', 'none', 'responder']);

const isAction = (action: string | undefined): action is Action =>
  ACTIONS.some((known) => known === action);

function readContent(element: Element): Content {
  // §7.3: the defaults are those of the schema.
  const { creator = 'initiator', name = '', senders = 'both' } = element.attrs;
  if (creator !== 'initiator' && creator !== 'responder') throw badRequest('unknown creator');
  if (!SENDERS.has(senders)) throw badRequest('unknown senders');
  if (!isShortName(name)) throw badRequest('the name of a content has at most 256 letters');
  const child = (name: string) =>
    element.getChildElements().find((child) => child.getName() === name);
  return {
    creator,
    name,
    senders,
    description: child('description'),
    transport: child('transport'),
    security: child('security'),
  };
}

/**
 * The transport of a peer's that is refused, as much of it as says which one: what else is in it may have no meaning
 * outside of the peer's stanza, or be of any length.
 */
export function refusedTransport(element: Element): Element {
  const { sid = '' } = element.attrs;
  const xmlns = element.getNS() ?? '';
  return xml('transport', {
    xmlns: isShortName(xmlns) ? xmlns : NS_JINGLE,
    sid: isSid(sid) ? sid : undefined,
  });
}

/** A peer may leave it out, or put there what is not known yet. */
export function readReason(element: Element): Reason {
  const children = element.getChildElements();
  const condition = children.find(
    (child) => child.getNS() === NS_JINGLE && child.getName() !== 'text',
  );
  const text = element.getChild('text')?.getText();
  const specific = children.find((child) => child.getNS() !== NS_JINGLE);
  return {
    condition: nameOf(condition) ?? 'general-error',
    text: text === undefined ? undefined : cutReason(text),
    specific: specific && emptied(specific),
  };
}

function nameOf(element: Element | undefined): string | undefined {
  const name = element?.getName();
  return name !== undefined && isShortName(name) ? name : undefined;
}

/** Its name alone, for it may go back; nothing where that is too long. */
function emptied(element: Element): Element | undefined {
  const [name, xmlns] = [nameOf(element), element.getNS() ?? ''];
  return name !== undefined && isShortName(xmlns) ? xml(name, { xmlns }) : undefined;
}

/** §6.7: there is no Jingle session with this sid, or not any more. */
export const unknownSession = () =>
  new StanzaError('cancel', 'item-not-found', '', jingleError('unknown-session'));

/** §7.2: the action does not fit what has been agreed so far. */
export const outOfOrder = () =>
  new StanzaError('wait', 'unexpected-request', '', jingleError('out-of-order'));

/** §6.9 */
export const unsupportedInfo = () =>
  new StanzaError('modify', 'feature-not-implemented', '', jingleError('unsupported-info'));

/** §7.2.16 */
export const tieBreak = () => new StanzaError('cancel', 'conflict', '', jingleError('tie-break'));

const jingleError = (name: string) => ({ name, xmlns: NS_JINGLE_ERRORS });
