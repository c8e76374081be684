import { type Discovered, discoverInfo, featuresOf } from '../../protocol/disco.js';
import { announcedKey } from '../../protocol/seal/announced-key.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { NS_SEALED_LANE } from '../lane/lane.js';

/** Somebody's key, as it announces that itself. */
export interface AskedKey {
  /** The one who was asked, as its server writes that. */
  peer: string;
  /** 32 bytes; `undefined`: it has none. */
  key: Buffer | undefined;
  /** It takes what is sealed beside the XMPP stream, too. */
  hasLane: boolean;
}

/**
 * Asks a full JID for its key. An answer that was given to another question would not do, nor one by whose hash
 * (XEP-0115) others are known: two that differ can have the same. Rejects with `MalformedAnnouncement`, and as `request`
 * does.
 */
export async function askKey(
  session: Session,
  jid: string,
  options: RequestOptions,
): Promise<AskedKey> {
  const answer: Discovered = await discoverInfo(session, jid, undefined, options);
  return {
    peer: answer.jid,
    key: announcedKey(answer.jid, answer.info),
    hasLane: featuresOf(answer.info).has(NS_SEALED_LANE),
  };
}
