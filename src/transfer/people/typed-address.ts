// What a person types for somebody.

import { MalformedJid, preparedJid, prepareJid } from '../../session/jid.js';
import { isJidUri, jidOfUri } from '../../session/jid-uri.js';

/** JIDs, by the short names that the user has given them. */
export type Names = ReadonlyMap<string, string>;

export const NO_NAMES: Names = new Map();

/** What a domain or a JID has and a plain word has not; some dots become the usual one. */
const MARK_OF_ADDRESS = /[@/.\u3002\uff0e\uff61]/;

/**
 * The JID of a name, a JID or domain as it is, that in an `xmpp:` URI; nothing for a plain word, which may be the half of
 * an address. Throws `MalformedJid`.
 */
export function jidOf(typed: string, names: Names = NO_NAMES): string | undefined {
  const named = names.get(typed);
  if (named !== undefined) return named;
  const jid = plainJid(typed);
  preparedJid(jid);
  return jid !== typed || MARK_OF_ADDRESS.test(typed) ? jid : undefined;
}

/** The same; `null` for what can be no address. */
export function jidOrNone(typed: string, names?: Names): string | undefined | null {
  try {
    return jidOf(typed, names);
  } catch (error) {
    if (error instanceof MalformedJid) return null;
    throw error;
  }
}

/** No domain ends with a colon: whoever types one has another thing in mind, which may have a password in it. */
const OTHER_URI = /^[a-z][a-z\d+.-]*:\/\//i;

/** An address that was typed, out of its URI where it is one. Throws `MalformedJid` for a URI that has none. */
export function plainJid(typed: string): string {
  if (isJidUri(typed)) return jidOfUri(typed);
  if (OTHER_URI.test(typed)) throw new MalformedJid(typed);
  return typed;
}

/** The name that was probably meant. */
export const nearestName = (typed: string, names: Names): string | undefined =>
  nearestOf(typed, [...names.keys()]);

/** The word that was probably meant: begun, or one or two letters apart. */
export const nearestOf = (typed: string, words: readonly string[]): string | undefined =>
  words.find((word) => isNear(word.toLowerCase(), typed.toLowerCase()));

/** Letters of a short word, of which one may differ and not two: it would be near to everything. */
const SHORT_LETTERS = 4;

function isNear(name: string, typed: string): boolean {
  if (typed.length > 1 && name.startsWith(typed)) return true;
  const shorter = Math.min(name.length, typed.length);
  let same = 0;
  while (same < shorter && name[same] === typed[same]) same += 1;
  let end = 0;
  while (end < shorter - same && name.at(-1 - end) === typed.at(-1 - end)) end += 1;
  const [meant, given] = [name, typed].map((one) => one.slice(same, one.length - end));
  // Two letters that changed places are one slip.
  const slips = meant?.length === 2 && given === `${meant[1]}${meant[0]}` ? 1 : undefined;
  const differing = slips ?? Math.max(meant?.length ?? 0, given?.length ?? 0);
  return differing <= (typed.length <= SHORT_LETTERS ? 1 : 2);
}

/** The domain of an own account, which a person typed, prepared. Throws `MalformedJid`. */
export const ownDomain = (account: string): string => prepareJid(account).domain;
