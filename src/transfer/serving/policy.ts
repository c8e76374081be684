import type { Relation } from '../../protocol/network/direct.js';
import type { Contacts } from '../../protocol/presence/roster.js';
import {
  bareJid,
  domainForms,
  formatJid,
  parseJid,
  preparedJid,
  prepareJid,
} from '../../session/jid.js';

/** Whether the one with this JID may reach us. */
export type Policy = (from: string) => boolean;

/**
 * What a sender is to the user: the own account, or `named` by its JID in `--allow`; `known`, as a contact, or by its
 * domain; or one of `anyone`, whose keys nobody looks after.
 */
export type Standing = 'named' | 'known' | 'anyone';

/** Tells who of those that the rules let in is what. Throws `MalformedJid`. */
export function createStandings(
  rules: readonly string[],
  account: string,
  contacts: () => Contacts,
): (from: string) => Standing {
  const names = rules.filter((rule) => rule.includes('@'));
  const isNamed = createPolicy(['own', ...names], account, contacts);
  const others = rules.filter((rule) => rule !== 'anyone');
  const isKnown = createPolicy(others, account, contacts);
  return (from) => {
    if (isNamed(from)) return 'named';
    return isKnown(from) ? 'known' : 'anyone';
  };
}

/**
 * Tells to whom which addresses may be shown: a contact, and whoever is named by a JID, is known; not so all those of a
 * domain. Throws `MalformedJid`.
 */
export function createRelations(
  rules: readonly string[],
  account: string,
  contacts: () => Contacts,
): (from: string) => Relation {
  const isOwn = createPolicy(['own'], account, contacts);
  const names = rules.filter((rule) => rule.includes('@'));
  const isKnown = createPolicy(['contacts', ...names], account, contacts);
  return (from) => {
    if (isOwn(from)) return 'own';
    return isKnown(from) ? 'known' : 'other';
  };
}

/** The rules when none is given: the account itself and its contacts may. */
export const DEFAULT_ALLOW = ['own', 'contacts'];

/** The rules that are no address. Nobody can have one of them for a name. */
export const RULE_WORDS: readonly string[] = ['own', 'contacts', 'anyone'];

/** A rule that does not let everybody in. */
export const isNaming = (rule: string): boolean => rule !== 'anyone';

/**
 * Joins the rules of `--allow`: `own`, `contacts`, `anyone`, a JID (bare: all its resources), or a
 * domain (exactly that one). Throws `MalformedJid`.
 */
export function createPolicy(rules: string[], account: string, contacts: () => Contacts): Policy {
  const policies = rules.map((rule) => createRule(rule, account, contacts));
  return (from) => policies.some((allows) => allows(from));
}

/**
 * The bare JIDs that rules let in, as far as they are known one by one: not those of a domain, nor `anyone`. Throws
 * `MalformedJid`.
 */
export function namedBy(rules: readonly string[], account: string, contacts: Contacts): string[] {
  const named = rules.flatMap((rule) => {
    if (rule === 'own') return [bareJid(account)];
    if (rule === 'contacts') return [...contacts.values()];
    return rule.includes('@') ? [bareJid(preparedJid(rule))] : [];
  });
  return [...new Set(named)];
}

function createRule(rule: string, account: string, contacts: () => Contacts): Policy {
  if (rule === 'anyone') return () => true;
  if (rule === 'own') return (from) => bareJid(from) === bareJid(account);
  if (rule === 'contacts') return (from) => contacts().has(bareJid(from));
  const jid = prepareJid(rule);
  // The server writes a domain in one of two ways, whichever the user has typed.
  const forms = domainForms(jid.domain);
  const allowed = new Set(forms.map((domain) => formatJid({ ...jid, domain })));
  if (jid.resource) return (from) => allowed.has(from);
  if (jid.local) return (from) => allowed.has(bareJid(from));
  return (from) => allowed.has(parseJid(from).domain);
}
