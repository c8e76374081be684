import { NS_BOB } from '../../protocol/bob/stanzas.js';
import { CapsCache } from '../../protocol/presence/caps.js';
import { addressFrom, parseJid, preparedJid } from '../../session/jid.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { receiverOf } from './receiver.js';
import { PATIENCE_MS, seenOf } from './seen.js';

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
  const seen = await orNothing(seenOf(session, contact, options), session, options);
  const others = seen?.filter(({ jid }) => jid !== receiverOf(contact)) ?? [];
  const capsCache = new CapsCache(session);
  for (const { jid, caps } of others) {
    const features = await orNothing(capsCache.features(jid, caps, options), session, options);
    if (features?.has(NS_BOB)) yield jid;
  }
}

/** The answer, or nothing where there is none. Rejects when the session ends, or with the signal's reason. */
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
