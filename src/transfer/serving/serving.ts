import { BitsOfBinary } from '../../protocol/bob/bits-of-binary.js';
import { NS_BOB } from '../../protocol/bob/stanzas.js';
import { answerDiscovery, type Info, NS_DISCO_INFO } from '../../protocol/disco.js';
import { returnChat } from '../../protocol/messages/chat.js';
import { readLinks } from '../../protocol/messages/read-link.js';
import type { Relation } from '../../protocol/network/direct.js';
import { caps, NS_CAPS, nodeOf } from '../../protocol/presence/caps.js';
import { available } from '../../protocol/presence/presence.js';
import type { Contacts } from '../../protocol/presence/roster.js';
import { orAborted } from '../../session/aborted.js';
import type { Session } from '../../session/session.js';
import type { Element } from '../../session/xml.js';
import { type Connect, reportState } from '../connect.js';
import type { Report } from '../events.js';
import { RECEIVER } from '../finding/receiver.js';
import type { Quotas } from '../quotas/quotas.js';
import type { Registry } from '../registry.js';
import { keepContacts } from './contacts.js';
import {
  createPolicy,
  createRelations,
  createStandings,
  DEFAULT_ALLOW,
  isNaming,
  namedBy,
  type Policy,
  type Standing,
} from './policy.js';
import { type StrangersTold, tellTurnedAway } from './turned-away.js';
import { writtenRules } from './written-rules.js';

interface ServingOptions extends StrangersTold {
  connect: Connect;
  report: Report;
  /** Its storage operations give out the blobs. */
  registry: Registry;
  quotas: Quotas;
  /** The rules of `--allow`. */
  allow?: readonly string[] | undefined;
  /** The rules of `--links`; absent: nobody. */
  links?: readonly string[] | undefined;
  /** Default: the one by which others find us. */
  resource?: string | undefined;
}

/** A session that serves others. */
export interface Serving {
  session: Session;
  /**
   * Whether `--allow` lets the sender in; the user is told if not. `asked`: the payload of its request, or the message by
   * which it has proposed a file.
   */
  admit(from: string, asked: Element): boolean;
  /** Whether a rule lets the sender in that names it in some way: more than `anyone`. */
  knows: Policy;
  /** Whether the links of this one are fetched. */
  mayLink: Policy;
  /** The bare JIDs of these, as far as they are known one by one. */
  linkers(): readonly string[];
  quotas: Quotas;
  standingOf(from: string): Standing;
  /** What the one with this JID is to the user, as far as addresses of ours go. */
  relationOf(from: string): Relation;
}

/**
 * Goes online to serve those whom `--allow` lets in: published blobs, to begin with. Nobody knows of us before
 * `announce`.
 */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { connect, report, registry, quotas } = options;
  const { allow = DEFAULT_ALLOW, links = [], resource = RECEIVER } = options;
  const { allowIn, isVerbose } = options;
  let contacts: Contacts = new Set<string>();
  // Our own address is what the server calls us, so nobody is let in before it does.
  let policy: Policy = () => false;
  const allows: Policy = (from) => policy(from);
  /** All rules are known. */
  let isReady = false;
  /** This session's full JID: what comes from it is nobody's attempt. */
  let own: string | undefined;
  const admit = (from: string, asked: Element) => {
    const allowed = allows(from);
    const telling = { quotas, allow, allowIn, isVerbose, report, isReady: () => isReady };
    if (!allowed && from !== own) tellTurnedAway(from, asked, telling);
    return allowed;
  };
  const mayRefuse = (from: string, characters: number) => quotas.mayRefuse(from, characters);
  const session = await connect({ admit, mayRefuse, resource });
  own = session.jid;
  const rules = await writtenRules(session, allow);
  policy = createPolicy(rules, session.jid, () => contacts);
  const knows = createPolicy(rules.filter(isNaming), session.jid, () => contacts);
  const standingOf = createStandings(rules, session.jid, () => contacts);
  const relationOf = createRelations(rules, session.jid, () => contacts);
  new BitsOfBinary(session, registry).mayAsk = (from) => quotas.blobs.take(from);
  const linkRules = await writtenRules(session, links);
  const mayLink = createPolicy(linkRules, session.jid, () => contacts);
  const linkers = () => namedBy(linkRules, session.jid, contacts);
  const isForUs = (message: Element) =>
    mayLink(message.attrs.from ?? '') && readLinks(message).length > 0;
  returnChat(session, { admits: allows, mayAnswer: mayRefuse, isForUs });
  const warn = (text: string) => report({ event: 'warning', text });
  const areContactsLet = [...allow, ...links].includes('contacts');
  if (areContactsLet) contacts = await keepContacts(session, warn);
  isReady = true;
  return { session, admit, knows, mayLink, linkers, quotas, standingOf, relationOf };
}

/** What those hear who may ask what we do. */
export interface Announced extends Partial<Pick<Info, 'features' | 'forms'>> {
  /** Told when somebody asks, who may be about to send something. */
  onAsked?: (() => void) | undefined;
}

/**
 * Lets contacts see us, lets anyone who may ask know what we do (blobs, and this), and tells the user that we are
 * online.
 */
export async function announce(
  session: Session,
  report: Report,
  { features = [], forms = [], onAsked }: Announced = {},
): Promise<void> {
  const info = {
    identity: { category: 'client', type: 'bot', name: 'inband' },
    features: [NS_DISCO_INFO, NS_CAPS, NS_BOB, ...features],
    forms,
  };
  answerDiscovery(session, info, [nodeOf(info)], onAsked);
  await session.send(available(caps(info)));
  reportState(session, report);
}

/** Resolves when `done` does; rejects when the session ends or the signal aborts. */
export async function untilEnded(
  session: Session,
  signal: AbortSignal,
  done: Promise<void> = new Promise(() => undefined),
): Promise<void> {
  await orAborted(done, AbortSignal.any([session.ended, signal]));
}
