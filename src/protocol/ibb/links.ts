import type { RequestOptions, Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';
import type { BytestreamLink } from './bytestream.js';
import type { MessageCarrier } from './message-carrier.js';
import * as stanzas from './stanzas.js';

const CLOSE_TIMEOUT_MS = 60_000;

interface LinkOptions {
  /** Sends the blocks, in messages; without it they go in iqs. */
  carrier?: MessageCarrier | undefined;
  /** Milliseconds. Default 60,000: the recipient may have to make a whole file durable before it answers. */
  closeTimeout?: number | undefined;
}

/** How servers say that a resource is not there or cannot be reached. */
const NOBODY_THERE = new Set([
  'gone',
  'recipient-unavailable',
  'remote-server-not-found',
  'remote-server-timeout',
  'service-unavailable',
]);

/** Sends the stanzas of a bytestream to its peer. */
export function createLink(
  session: Session,
  peer: string,
  sid: string,
  { carrier, closeTimeout = CLOSE_TIMEOUT_MS }: LinkOptions,
): BytestreamLink {
  const request = async (element: Element, options: RequestOptions) => {
    await session.request('set', peer, element, options);
  };
  const closing = { timeout: closeTimeout };
  return {
    sendData: (seq, bytes, signal) =>
      carrier
        ? carrier.send(seq, bytes, signal)
        : // The bytestream itself watches that blocks are acknowledged.
          request(stanzas.data(sid, seq, bytes), { timeout: Number.POSITIVE_INFINITY, signal }),
    spoil: (seq, bytes) =>
      carrier ? carrier.spoil(seq, bytes) : request(stanzas.data(sid, seq, bytes), closing),
    sendClose: () => request(stanzas.close(sid), closing),
    isThere: async () => (await findPeer(session, peer)) !== 'gone',
  };
}

/** A peer that is there says that it does not know a bytestream that never was; only a server says that nobody is. */
export async function findPeer(
  session: Session,
  peer: string,
): Promise<'there' | 'silent' | 'gone'> {
  try {
    await session.request('set', peer, stanzas.close(stanzas.randomSid()));
    return 'there';
  } catch (error) {
    if (!(error instanceof StanzaError)) return 'silent';
    return NOBODY_THERE.has(error.condition) ? 'gone' : 'there';
  }
}
