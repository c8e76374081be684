import {
  jidOf,
  jidOrNone,
  NO_NAMES,
  nearestName,
  ownDomain,
} from '../transfer/people/typed-address.js';
import type { AccountFlags } from './account/account-options.js';
import { UnfitValue, UsageError } from './context.js';
import { RepeatableOption } from './options.js';

/**
 * An option whose values are people: a name from the settings file, a JID or a domain each, or one of its own words.
 */
export class PeopleOption extends RepeatableOption {
  readonly words: readonly string[];

  constructor(flags: string, description: string, words: readonly string[] = []) {
    super(flags, description);
    this.words = words;
  }
}

type Known = Pick<AccountFlags, 'account' | 'names'>;

/** The JIDs and words that the values stand for. Throws `UnfitValue`. */
export const readPeople = (option: PeopleOption, typed: readonly string[], known: Known) =>
  typed.map((one) => readPerson(option, one, known));

function readPerson({ long, words }: PeopleOption, typed: string, { account, names }: Known) {
  if (words.includes(typed)) return typed;
  const jid = jidOrNone(typed, names);
  // A server with the name of a word would mean as much as the word.
  if (typeof jid === 'string' && !words.includes(jid)) return jid;
  const examples = `a JID like ${guess(jid === null ? 'juliet' : typed, account)}, a domain like example.org`;
  const takes = [...words, `a name of the settings, ${examples} or xmpp:localhost`].join(', ');
  throw new UnfitValue(long ?? '', typed, takes);
}

/** The JID of the one operand that names somebody. Throws `UsageError` and `MalformedJid`. */
export function readRecipient(typed: string, { account, names = NO_NAMES }: Known): string {
  const jid = jidOf(typed, names);
  if (jid !== undefined) return jid;
  const near = nearestName(typed, names);
  const meant = [...(near === undefined ? [] : [near]), guess(typed, account)].join(', or ');
  throw new UsageError(`recipient "${typed}" has no @`, `did you mean ${meant}?`);
}

const guess = (word: string, account: string | undefined): string =>
  `${word}@${account ? ownDomain(account) : 'example.org'}`;
