import { formatJid, prepareJid } from '../../session/jid.js';

/**
 * The resource that `inband receive` takes, unless it is told another one. By it a bare JID finds those who serve it.
 */
export const RECEIVER = 'inband';

/**
 * A feature of ours (XEP-0030): who has it answers the close of each bytestream of a file, and only when the file is
 * there for good, and keeps what came of one that was cut.
 */
export const NS_KEEPS_FILES = 'urn:x-inband:keeps-files:0';

/** The full JID under which a bare one receives. Throws `MalformedJid`. */
export function receiverOf(jid: string): string {
  const parsed = prepareJid(jid);
  return formatJid({ ...parsed, resource: parsed.resource || RECEIVER });
}
