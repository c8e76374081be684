// RFC 5122: addresses as URIs and IRIs.
import { formatJid, type Jid, MalformedJid, parseJid, splitJid } from './jid.js';

const SCHEME = /^xmpp:/i;

/** XEP-0147 actions by which a URI asks for something else than to reach whom it names: a room, a node, a file of theirs. */
const OTHER_ACTIONS = new Set(['command', 'invite', 'join', 'pubsub', 'recvfile']);

export const isJidUri = (text: string): boolean => SCHEME.test(text);

/**
 * The address in `xmpp:juliet@example.org?message;body=hello#x`. What else is in it says what to do there, or how to
 * know the keys of whoever it is, and is left aside; a fragment means nothing (RFC 5122 §2.2). Throws `MalformedJid`.
 */
export function jidOfUri(uri: string): string {
  const [, path = '', action = ''] = /^[^:]*:([^?#]*)(?:\?([^;#]*))?/.exec(uri) ?? [];
  if (path.startsWith('//')) {
    throw new MalformedJid(uri, 'names an account to log in with', 'give xmpp:name@example.org');
  }
  if (OTHER_ACTIONS.has(action.toLowerCase())) {
    throw new MalformedJid(
      uri,
      `asks to "${action}", and not for an address`,
      'leave out what follows the "?"',
    );
  }
  const jid = formatJid(decoded(uri, splitJid(path)));
  parseJid(jid);
  return jid;
}

/** §2.2: parts are decoded one by one, so that an escaped `@` or `/` parts nothing. */
function decoded(uri: string, parts: Jid): Jid {
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw new MalformedJid(uri, 'has a "%" that is followed by no UTF-8 in hexadecimal');
    }
  };
  const [local, domain, resource] = [parts.local, parts.domain, parts.resource].map(decode);
  const isParted = /[@/]/.test(`${local}${domain}`);
  if (isParted) throw new MalformedJid(uri, 'has an escaped "@" or "/" where none may be');
  return { local: local ?? '', domain: domain ?? '', resource: resource ?? '' };
}
