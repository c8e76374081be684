// XEP-0030 Service Discovery 2.5: what we can do, and what others can.
import { tell } from '../session/given/callbacks.js';
import type { RequestOptions, Session } from '../session/session.js';
import { StanzaError } from '../session/stanza-error.js';
import { type Element, xml } from '../session/xml.js';

export const NS_DISCO_INFO = 'http://jabber.org/protocol/disco#info';

const NS_DISCO_ITEMS = 'http://jabber.org/protocol/disco#items';

/** What somebody is (XEP-0030 §3.1); the categories and types are the registrar's. */
export interface Identity {
  /** Such as `client`. */
  category: string;
  /** Within the category: such as `pc`. */
  type: string;
  /** In words for people; empty: it has none. */
  name: string;
}

/** What there is, under one JID. */
export interface Info {
  /** What it is. */
  identity: Identity;
  /** Namespaces, mostly. */
  features: readonly string[];
  /** What no feature can say (XEP-0128). */
  forms?: readonly Element[] | undefined;
}

/**
 * Answers those who ask what there is, also under the nodes given (XEP-0115 §6.2), with `item-not-found` under
 * others (§7). `onAsked` is told of each question. Undo: the function returned.
 */
export function answerDiscovery(
  session: Session,
  info: Info,
  nodes: readonly string[] = [],
  onAsked: () => void = () => undefined,
): () => void {
  return session.handle('get', NS_DISCO_INFO, 'query', ({ attrs: { node } }) => {
    tell(onAsked, (error) => session.report(error));
    if (node && !nodes.includes(node)) throw new StanzaError('cancel', 'item-not-found');
    return infoElement(info, node);
  });
}

/** The answer to those who ask what there is. */
export const infoElement = ({ identity, features, forms = [] }: Info, node?: string): Element =>
  xml(
    'query',
    { xmlns: NS_DISCO_INFO, node },
    xml('identity', { ...identity }),
    ...features.map((feature) => xml('feature', { var: feature })),
    ...forms,
  );

/** The features of the one with this JID: of a client, a full one. Rejects as `request` does. */
export async function discoverFeatures(
  session: Session,
  jid: string,
  options?: RequestOptions,
): Promise<ReadonlySet<string>> {
  return featuresOf((await discoverInfo(session, jid, undefined, options)).info);
}

/** What there is under one JID, as it was told. */
export interface Discovered {
  /** The one who was asked, in the form that its server has of the address. */
  jid: string;
  /** The whole answer. */
  info: Element;
}

/** Asks under a node or without. Rejects as `request` does. */
export async function discoverInfo(
  session: Session,
  jid: string,
  node: string | undefined,
  options?: RequestOptions,
): Promise<Discovered> {
  const query = xml('query', { xmlns: NS_DISCO_INFO, node });
  const reply = await session.request('get', jid, query, options);
  const info = reply.getChild('query', NS_DISCO_INFO) ?? xml('query', { xmlns: NS_DISCO_INFO });
  return { jid: reply.attrs.from ?? jid, info };
}

/** §4: the JIDs of what is there beside the one asked. Rejects as `request` does. */
export async function discoverItems(
  session: Session,
  jid: string,
  options?: RequestOptions,
): Promise<string[]> {
  const query = xml('query', { xmlns: NS_DISCO_ITEMS });
  const reply = await session.request('get', jid, query, options);
  const items = reply.getChild('query', NS_DISCO_ITEMS)?.getChildren('item') ?? [];
  const jids = items.flatMap(({ attrs }) => (attrs.node ? [] : (attrs.jid ?? [])));
  return [...new Set(jids)].filter(({ length }) => length <= MAX_JID_LENGTH);
}

/** RFC 7622 §3.1: three parts of 1023 bytes, and what is between them. */
const MAX_JID_LENGTH = 3071;

/** A client has some 100, of some 100 characters at most. */
const MAX_FEATURES = 1_000;
const MAX_FEATURE_LENGTH = 1_000;

export const featuresOf = (info: Element): ReadonlySet<string> => {
  const names = info.getChildren('feature').flatMap(({ attrs }) => attrs.var ?? []);
  const short = names.filter(({ length }) => length <= MAX_FEATURE_LENGTH);
  return new Set(short.slice(0, MAX_FEATURES));
};

/** §3.1: whether something is of this kind. */
export const hasIdentity = (info: Element, category: string, type: string): boolean =>
  info
    .getChildren('identity')
    .some(({ attrs }) => attrs.category === category && attrs.type === type);

/** Characters of a name that are shown. */
const MAX_NAME_LENGTH = 100;

/** §3.1: what a client calls itself, or whatever else is there, where it does. */
export function nameOf(info: Element): string | undefined {
  const identities = info.getChildren('identity').map(({ attrs }) => attrs);
  const named = identities.filter(({ name }) => name);
  return (named.find(({ category }) => category === 'client') ?? named[0])?.name?.slice(
    0,
    MAX_NAME_LENGTH,
  );
}

/**
 * Some servers (jabberd2) answer who asks a full JID themselves, with the identity of the account and no feature. That
 * says nothing of what the one with that JID can do.
 */
export function isForAccount(info: Element): boolean {
  const isAccount = ({ attrs: { category, type } }: Element) =>
    category === 'account' && type === 'registered';
  return info.getChildren('identity').some(isAccount) && featuresOf(info).size === 0;
}
