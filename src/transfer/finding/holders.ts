import { NS_BOB } from '../../protocol/bob/stanzas.js';
import { CapsCache } from '../../protocol/presence/caps.js';
import { seenResources } from '../../protocol/presence/presence.js';
import { addressFrom, bareJid, parseJid, preparedJid } from '../../session/jid.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { receiverOf } from './receiver.js';

/** A contact's server could name any number. */
const MAX_RESOURCES = 20;

/** Less than for a blob: there are others to ask. */
const PATIENCE_MS = 10_000;

/** The JID to ask, prepared. Throws `MalformedJid`. */
export const readHolder = (jid: string): string => preparedJid(jid);

/**
 * Yields the JIDs to ask for a blob, in turn: each as it is, but for a bare one of an account its resource `inband`,
 * and then the resources that are seen online and advertise blobs. These are looked for only when they are needed.
 */
export async function* holders(
  session: Session,
  jids: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  for (const typed of jids) {
    const jid = addressFrom(session.jid, typed);
    const { local, resource } = parseJid(jid);
    if (resource || !local) {
      yield jid;
      continue;
    }
    yield receiverOf(jid);
    yield* advertisers(session, jid, { signal, timeout: PATIENCE_MS });
  }
}

async function* advertisers(
  session: Session,
  contact: string,
  options: RequestOptions,
): AsyncGenerator<string> {
  // The server tells us only those resources of our own account that have sent presence.
  if (bareJid(contact) === bareJid(session.jid)) return;
  const seen = await orNothing(seenResources(session, contact, options), session, options);
  const others = seen?.filter(({ jid }) => jid !== receiverOf(contact)) ?? [];
  const capsCache = new CapsCache(session);
  for (const { jid, caps } of others.slice(0, MAX_RESOURCES)) {
    const features = await orNothing(capsCache.features(jid, caps, options), session, options);
    if (features?.has(NS_BOB)) yield jid;
  }
}

/** Somebody that does not answer has nothing for us. Rejects when the session is over or the user has had enough. */
async function orNothing<T>(
  answer: Promise<T>,
  session: Session,
  { signal }: RequestOptions,
): Promise<T | undefined> {
  const outcome = await answer.catch(() => undefined);
  session.ended.throwIfAborted();
  signal?.throwIfAborted();
  return outcome;
}
