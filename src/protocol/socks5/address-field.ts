import { createHash } from 'node:crypto';

/**
 * XEP-0065 §5.3.2: what a bytestream is known by at its streamhost, in the place of an address. `requester`: the full
 * JID of the party whose streamhost it is, who activates it there.
 */
export const addressField = (sid: string, requester: string, target: string): string =>
  createHash('sha1').update(`${sid}${requester}${target}`).digest('hex');
