import { type SeenResource, seenResources } from '../../protocol/presence/presence.js';
import { bareJid } from '../../session/jid.js';
import type { RequestOptions, Session } from '../../session/session.js';

/** Resources of a contact that are asked something: its server could name any number. */
const MAX_RESOURCES = 20;

/** Milliseconds for an answer: fewer than for a file or a blob, as there are others to ask. */
export const PATIENCE_MS = 10_000;

/**
 * The resources of a contact that are seen online, up to a limit. `undefined` for our own account: the server tells us
 * only those of its resources that have sent presence. Rejects as `seenResources` does.
 */
export async function seenOf(
  session: Session,
  contact: string,
  options: RequestOptions,
): Promise<SeenResource[] | undefined> {
  if (bareJid(contact) === bareJid(session.jid)) return undefined;
  return (await seenResources(session, contact, options)).slice(0, MAX_RESOURCES);
}
