// XEP-0313 Message Archive Management 1.0, with XEP-0059 Result Set Management: messages that the own server keeps.
import { bareJid, isJid } from '../../session/jid.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { type Element, xml } from '../../session/xml.js';
import { discoverFeatures } from '../disco.js';
import { readDate } from '../file-offer.js';
import { randomSid } from '../sid.js';
import { NS_FORWARD } from './carbons.js';
import { NS_DELAY } from './marks.js';

const NS_MAM = 'urn:xmpp:mam:2';
const NS_RSM = 'http://jabber.org/protocol/rsm';
const NS_DATA = 'jabber:x:data';

/** A message as the archive has it. */
export interface Archived {
  /** As the archive calls it. */
  id: string;
  at: Date | undefined;
  /** Written to the own account by whom was asked for; absent where it is another one. */
  message: Element | undefined;
}

interface ArchivePage {
  /** Oldest first. */
  messages: readonly Archived[];
  /** There are no later ones. */
  isLast: boolean;
}

interface ArchiveQuery {
  /** The bare JID of the other party. */
  with: string;
  /** Messages of one page. */
  most: number;
  /** Behind the one with this id; or since this time; or, by default, the last of all. */
  from?: { id: string } | { at: Date } | undefined;
}

/** Whether the own server keeps one. Rejects as `request` does. */
export async function hasArchive(session: Session, options?: RequestOptions): Promise<boolean> {
  try {
    return (await discoverFeatures(session, bareJid(session.jid), options)).has(NS_MAM);
  } catch (error) {
    // A server that answers no such questions for accounts has none; one that may do so later is asked again.
    if (error instanceof StanzaError && error.type !== 'wait') return false;
    throw error;
  }
}

/** One page of the messages with somebody. Rejects as `request` does. */
export async function readArchive(
  session: Session,
  query: ArchiveQuery,
  options?: RequestOptions,
): Promise<ArchivePage> {
  const queryId = randomSid();
  const messages: Archived[] = [];
  const stop = session.onMessage((stanza) => {
    const found = readResult(stanza, queryId, query.with, session.jid);
    if (found && messages.length < query.most) messages.push(found);
  });
  try {
    const answer = await session.request('set', undefined, queryElement(query, queryId), options);
    const isLast = answer.getChild('fin', NS_MAM)?.attrs.complete === 'true';
    return { messages, isLast: isLast || messages.length === 0 };
  } finally {
    stop();
  }
}

function queryElement({ with: jid, most, from }: ArchiveQuery, queryid: string): Element {
  const since = from && 'at' in from ? field('start', from.at.toISOString()) : undefined;
  const before = from ? undefined : xml('before');
  const after = from && 'id' in from ? xml('after', {}, from.id) : undefined;
  return xml(
    'query',
    { xmlns: NS_MAM, queryid },
    xml(
      'x',
      { xmlns: NS_DATA, type: 'submit' },
      field('FORM_TYPE', NS_MAM, 'hidden'),
      field('with', jid),
      since,
    ),
    xml('set', { xmlns: NS_RSM }, xml('max', {}, `${most}`), before, after),
  );
}

const field = (name: string, value: string, type?: string): Element =>
  xml('field', { var: name, type }, xml('value', {}, value));

/** Ids of archives are short, and are kept. */
const MAX_ID_LENGTH = 256;

/**
 * §4.2: what is in a result of this query. Nobody but the own account can send one, or anybody could speak in the name of
 * others.
 */
function readResult(
  stanza: Element,
  queryId: string,
  jid: string,
  ownJid: string,
): Archived | undefined {
  const own = bareJid(ownJid);
  const result = stanza.getChild('result', NS_MAM);
  const { id = '', queryid } = result?.attrs ?? {};
  if ((stanza.attrs.from ?? own) !== own || queryid !== queryId) return undefined;
  if (id === '' || id.length > MAX_ID_LENGTH) return undefined;
  const forwarded = result?.getChild('forwarded', NS_FORWARD);
  const at = readDate(forwarded?.getChild('delay', NS_DELAY)?.attrs.stamp);
  return { id, at, message: writtenTo(own, jid, forwarded?.getChild('message')) };
}

function writtenTo(own: string, jid: string, message?: Element): Element | undefined {
  const { from = '', to = own } = message?.attrs ?? {};
  const isIt = isJid(from) && bareJid(from) === jid && isJid(to) && bareJid(to) === own;
  return isIt ? message : undefined;
}
