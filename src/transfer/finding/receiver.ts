import { formatJid, prepareJid } from '../../session/jid.js';

/** The resource that `inband receive` takes, unless it is told another one. By it a bare JID finds those who serve it. */
export const RECEIVER = 'inband';

/** The full JID under which a bare one receives. Throws `MalformedJid`. */
export function receiverOf(jid: string): string {
  const parsed = prepareJid(jid);
  return formatJid({ ...parsed, resource: parsed.resource || RECEIVER });
}
