// XEP-0199 XMPP Ping 2.0: bytestreams ask and answer; a probe measures by it.

import type { Clock } from '../session/clock.js';
import type { RequestOptions, Session } from '../session/session.js';
import { StanzaError } from '../session/stanza-error.js';
import { xml } from '../session/xml.js';

export const NS_PING = 'urn:xmpp:ping';

/**
 * Milliseconds until a peer has answered; an error is an answer, too (§4.1). Rejects as `request` does otherwise.
 */
export async function roundTrip(
  session: Session,
  jid: string,
  clock: Clock,
  options: RequestOptions,
): Promise<number> {
  const start = clock.now();
  try {
    await session.request('get', jid, xml('ping', { xmlns: NS_PING }), options);
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
  }
  return clock.now() - start;
}
