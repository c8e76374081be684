// XEP-0353 Jingle Message Initiation 0.8, for files: finds a resource without seeing anybody's presence.
import { type Clock, systemClock } from '../../session/clock.js';
import { bareJid, mayBeForms, parseJid } from '../../session/jid.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { type Element, xml } from '../../session/xml.js';
import { readCarbon } from '../messages/carbons.js';
import { NS_DELAY, NS_HINTS } from '../messages/marks.js';
import { isSid } from '../sid.js';
import { NS_FILE_TRANSFER } from './file-description.js';
import { NS_JINGLE, type Reason, readReason } from './stanzas.js';

export const NS_JINGLE_MESSAGE = 'urn:xmpp:jingle-message:0';

/** §3.5: one of the contact's resources does not want it. */
export class ProposalRejected extends Error {
  override readonly name = 'ProposalRejected';
  constructor(readonly reason: Reason) {
    super(reason.text || reason.condition);
  }
}

/**
 * §3: the hint is `store` there, for telephones that are off. What a file is proposed for is now or never, and
 * should not be found by anybody later.
 */
const say = (to: string, element: Element, id?: string): Element =>
  xml('message', { to, type: 'chat', id }, element, xml('no-store', { xmlns: NS_HINTS }));

const about = (name: string, id: string, ...children: Element[]) =>
  xml(name, { xmlns: NS_JINGLE_MESSAGE, id }, ...children);

/** What came of a proposal: the full JID that proceeds, or a rejection; neither when the server found nobody. */
interface Answer {
  peer?: string;
  rejected?: ProposalRejected;
}

/**
 * Proposes a file transfer to a bare JID, under the sid that the Jingle session is to have. Resolves to the full JID of
 * the first resource that proceeds, or to nothing when nobody is there or after `timeout` ms. Rejects with
 * `ProposalRejected`, the signal's reason, and when the session ends.
 */
export async function propose(
  session: Session,
  contact: string,
  sid: string,
  { timeout = 10_000, signal }: RequestOptions = {},
  clock: Clock = systemClock,
): Promise<string | undefined> {
  signal?.throwIfAborted();
  const answered = new AbortController();
  const until = [answered.signal, session.ended, ...(signal ? [signal] : [])];
  let answer: Answer | undefined;
  const forget = session.onMessage((message) => {
    answer ??= readDecision(message, bareJid(contact), sid);
    if (answer) answered.abort();
  });
  try {
    const proposal = about('propose', sid, xml('description', { xmlns: NS_FILE_TRANSFER }));
    await session.send(say(bareJid(contact), proposal, sid));
    // It is cut short by an answer, by the caller who gives up, or by the end of the session, which is thrown below.
    await clock.sleep(timeout, AbortSignal.any(until)).catch(() => undefined);
    session.ended.throwIfAborted();
    if (!answer) await retract(session, contact, sid);
  } finally {
    forget();
  }
  signal?.throwIfAborted();
  if (answer?.rejected) throw answer.rejected;
  return answer?.peer;
}

/** §3.3 */
function retract(session: Session, contact: string, sid: string): Promise<void> {
  const why = xml('reason', { xmlns: NS_JINGLE }, xml('cancel'));
  return session.send(say(bareJid(contact), about('retract', sid, why)));
}

function readDecision(message: Element, contact: string, sid: string): Answer | undefined {
  const { from = '', type, id } = message.attrs;
  // Nobody else knows the sid, so that another form of the address is the same account.
  if (!from || !mayBeForms(bareJid(from), contact) || type === 'groupchat') return undefined;
  const { resource } = parseJid(from);
  // A server sends back what it finds nobody for. A resource that does so speaks for itself alone.
  if (type === 'error') return id === sid && !resource ? {} : undefined;
  const isAbout = (name: string) => message.getChild(name, NS_JINGLE_MESSAGE)?.attrs.id === sid;
  if (isAbout('reject')) {
    const why = message.getChild('reject', NS_JINGLE_MESSAGE)?.getChild('reason');
    return { rejected: new ProposalRejected(why ? readReason(why) : { condition: 'busy' }) };
  }
  return isAbout('proceed') && resource ? { peer: from } : undefined;
}

/**
 * §3.4: lets those go on who propose a file transfer to us, whether to our full JID or, as the carbons tell, to our
 * bare one. Others hear nothing. Undo: the function returned.
 */
export function answerProposals(
  session: Session,
  admits: (from: string, proposal: Element) => boolean,
): () => void {
  return session.onMessage((message) => {
    const carried = readCarbon(message, session.jid);
    const proposal = carried ?? message;
    const { from = '', type } = proposal.attrs;
    const sid = readProposal(proposal);
    // What is for another resource alone is none of ours.
    if (carried && carried.attrs.to !== bareJid(session.jid)) return;
    const stored = [message, carried].some((one) => one?.getChild('delay', NS_DELAY));
    if (!sid || !from || stored || type === 'error' || type === 'groupchat') return;
    if (!parseJid(from).resource || !admits(from, proposal)) return;
    // When the write fails the connection is gone, and the session ends with its error.
    session.send(say(from, about('proceed', sid))).catch(() => undefined);
  });
}

/** The sid of a proposal to transfer files. */
function readProposal(message: Element): string | undefined {
  const proposal = message.getChild('propose', NS_JINGLE_MESSAGE);
  const isFile = proposal
    ?.getChildren('description')
    .some((one) => one.getNS() === NS_FILE_TRANSFER);
  const { id = '' } = proposal?.attrs ?? {};
  return isFile && isSid(id) ? id : undefined;
}
