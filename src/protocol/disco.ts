// XEP-0030 Service Discovery 2.5: what we can do, and what others can.
import type { RequestOptions, Session } from '../session/session.js';
import { StanzaError } from '../session/stanza-error.js';
import { type Element, xml } from '../session/xml.js';

export const NS_DISCO_INFO = 'http://jabber.org/protocol/disco#info';

export interface Identity {
  category: string;
  type: string;
  name: string;
}

/** What there is, under one JID. */
export interface Info {
  identity: Identity;
  /** Namespaces, mostly. */
  features: readonly string[];
}

/**
 * Answers those who ask what there is, also under the nodes given (XEP-0115 §6.2), with `item-not-found` under
 * others (§7). Undo: the function returned.
 */
export function answerDiscovery(
  session: Session,
  { identity, features }: Info,
  nodes: readonly string[] = [],
): () => void {
  return session.handle('get', NS_DISCO_INFO, 'query', ({ attrs: { node } }) => {
    if (node && !nodes.includes(node)) throw new StanzaError('cancel', 'item-not-found');
    return xml(
      'query',
      { xmlns: NS_DISCO_INFO, node },
      xml('identity', { ...identity }),
      ...features.map((feature) => xml('feature', { var: feature })),
    );
  });
}

/** The features of the one with this JID: of a client, a full one. Rejects as `request` does. */
export async function discoverFeatures(
  session: Session,
  jid: string,
  options?: RequestOptions,
): Promise<ReadonlySet<string>> {
  const query = xml('query', { xmlns: NS_DISCO_INFO });
  return readFeatures(await session.request('get', jid, query, options));
}

function readFeatures(reply: Element): Set<string> {
  const elements = reply.getChild('query', NS_DISCO_INFO)?.getChildren('feature') ?? [];
  return new Set(elements.flatMap(({ attrs }) => attrs.var ?? []));
}
