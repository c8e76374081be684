import type { Contacts } from '../protocol/roster.js';
import { bareJid, parseJid } from '../session/jid.js';

/** Whether the one with this JID may reach us. */
export type Policy = (from: string) => boolean;

/** Who may when nobody was named: the account itself and its contacts. */
export const DEFAULT_ALLOW = ['own', 'contacts'];

/**
 * Joins the rules of `--allow`: `own`, `contacts`, `anyone`, a JID (bare: all its resources), or a
 * domain (exactly that one). Throws `MalformedJid`.
 */
export function createPolicy(rules: string[], account: string, contacts: () => Contacts): Policy {
  const policies = rules.map((rule) => createRule(rule, account, contacts));
  return (from) => policies.some((allows) => allows(from));
}

/** Throws `MalformedJid` for what is no rule. */
export function checkRule(rule: string): void {
  createRule(rule, 'nobody@localhost', () => new Set<string>());
}

function createRule(rule: string, account: string, contacts: () => Contacts): Policy {
  if (rule === 'anyone') return () => true;
  if (rule === 'own') return (from) => bareJid(from) === bareJid(account);
  if (rule === 'contacts') return (from) => contacts().has(bareJid(from));
  const { local, domain, resource } = parseJid(rule);
  if (resource) return (from) => from === `${bareJid(rule)}/${resource}`;
  if (local) return (from) => bareJid(from) === bareJid(rule);
  return (from) => parseJid(from).domain === domain;
}
