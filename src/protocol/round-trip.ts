import type { Clock } from '../session/clock.js';
import { ping } from '../session/ping.js';
import type { RequestOptions, Session } from '../session/session.js';
import { StanzaError } from '../session/stanza-error.js';

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
    await session.request('get', jid, ping(), options);
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
  }
  return clock.now() - start;
}
