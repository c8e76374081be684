import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';
import type { BytestreamLink } from './bytestream.js';
import type { MessageCarrier } from './message-carrier.js';
import * as stanzas from './stanzas.js';

/** The recipient may have to make a whole file durable before it answers the close. */
const CLOSE_TIMEOUT_MS = 60_000;

/** How servers say that a resource is not there or cannot be reached. */
const NOBODY_THERE = new Set([
  'gone',
  'recipient-unavailable',
  'remote-server-not-found',
  'remote-server-timeout',
  'service-unavailable',
]);

/** Sends the stanzas of a bytestream to its peer: the blocks in iqs, or with the carrier in messages. */
export function createLink(
  session: Session,
  peer: string,
  sid: string,
  carrier?: MessageCarrier,
): BytestreamLink {
  const request = async (element: Element, timeout: number) => {
    await session.request('set', peer, element, { timeout });
  };
  return {
    sendData: (seq, bytes) =>
      carrier
        ? carrier.send(seq, bytes)
        : // The bytestream itself watches that blocks are acknowledged.
          request(stanzas.data(sid, seq, bytes), Number.POSITIVE_INFINITY),
    spoil: (seq, bytes) =>
      carrier
        ? carrier.spoil(seq, bytes)
        : request(stanzas.data(sid, seq, bytes), CLOSE_TIMEOUT_MS),
    sendClose: () => request(stanzas.close(sid), CLOSE_TIMEOUT_MS),
    isThere: () => isThere(session, peer),
  };
}

/** A peer that is there says that it does not know a bytestream that never was; only a server says that nobody is. */
export async function isThere(session: Session, peer: string): Promise<boolean> {
  try {
    await session.request('set', peer, stanzas.close(stanzas.randomSid()));
    return true;
  } catch (error) {
    return !(error instanceof StanzaError && NOBODY_THERE.has(error.condition));
  }
}
