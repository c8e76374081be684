// An account as it is in the settings, and as it is to be there.
import { basename, dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { bareAccount, isSameAccount } from '../../transfer/people/own-account.js';
import { plainJid } from '../../transfer/people/typed-address.js';
import type { AccountFlags } from '../account/account-options.js';
import { type Origins, placeOf } from '../account/origin.js';
import { UsageError } from '../context.js';
import type { Settings } from '../settings/settings.js';
import { accountNamed, accountWithJid } from '../settings/settings-tables.js';
import type { AccountKeys } from './account-lines.js';
import type { PasswordSource } from './keeper.js';

export interface Entry {
  /** In the settings. */
  name: string;
  /** The bare JID. */
  account: string;
  /** As the settings have it: its JID, how to reach the server, and where the password is. */
  known: AccountFlags;
  /** Where that stands. */
  origins?: Origins;
  /** The JID with the resource that was typed, which it is to have from now on; absent: none was. */
  wanted?: string | undefined;
}

/** How `login` is told to reach the server. */
export type ServerFlags = Pick<
  AccountFlags,
  'service' | 'tlsCa' | 'allowPlain' | 'proxy' | 'noProxy' | 'origins'
>;

/** The account that is meant by its name or its JID. Throws `UsageError` where there is none. */
export function entryNamed(typed: string, settings: Settings): Entry {
  const { accounts, path } = settings;
  const jid = plainJid(typed);
  const isJid = jid.includes('@');
  const values = isJid ? accountWithJid(jid, accounts) : accountNamed(jid, accounts, path);
  const [name] = [...accounts].find(([, one]) => one === values) ?? [];
  if (!values || name === undefined) {
    const names = [...accounts.keys()].join(', ') || 'none';
    throw new UsageError(`no account in ${path} has the JID ${jid}`, `accounts there: ${names}`);
  }
  const table = `[accounts.${name}]`;
  const origins = Object.fromEntries(
    [...values.keys()].map((key) => [key, placeOf(path, table, key)]),
  );
  const known: AccountFlags = Object.fromEntries(values);
  return { name, account: bareAccount(known.account ?? jid), known, origins };
}

/** The account with this JID, or one that is to be there. Throws `MalformedJid` for what cannot log in. */
export function entryFor(typed: string, settings: Settings): Entry {
  const jid = plainJid(typed);
  const account = bareAccount(jid);
  if (accountWithJid(jid, settings.accounts)) {
    return { ...entryNamed(jid, settings), wanted: jid.includes('/') ? jid : undefined };
  }
  return { name: freeName(account, settings), account, known: { account: jid } };
}

/** Whether the settings have it, by this name and with all that they had for it. */
export function isStill({ name, known }: Entry, { accounts }: Settings): boolean {
  const values = accounts.get(name);
  return values !== undefined && isDeepStrictEqual(Object.fromEntries(values), known);
}

/** Whether it is the account that commands take. */
export const isDefault = ({ name, account }: Entry, { account: chosen }: Settings): boolean =>
  chosen !== undefined && (chosen === name || isSameAccount(chosen, account));

/** A name that needs no quotes in the settings, nor stands for anybody else there. */
function freeName(account: string, { accounts, names }: Settings): string {
  const [local = '', domain = ''] = account.split('@').map((part) => part.replace(/[^\w-]+/g, '-'));
  const begin = /\w/.test(local) ? local.replace(/^-+/, '') : 'account';
  for (let count = 0; ; count += 1) {
    const name = [begin, `${begin}-${domain}`][count] ?? `${begin}-${count}`;
    if (!accounts.has(name) && !names.has(name)) return name;
  }
}

/**
 * How its server is reached, each value with where that came from. What the flags do not say stays as the settings have
 * it, which beat the proxy of the environment.
 */
export function serverOf(
  { known, origins: kept, wanted }: Entry,
  flags: ServerFlags,
): AccountFlags {
  const { passwordFile: _file, passwordCommand: _command, ...server } = known;
  const { service, tlsCa, allowPlain, proxy, noProxy, origins = {} } = flags;
  const given: ServerFlags & Pick<AccountFlags, 'account'> = {
    ...(wanted ? { account: wanted } : {}),
    ...(service ? { service } : {}),
    ...(tlsCa ? { tlsCa } : {}),
    ...(allowPlain ? { allowPlain } : {}),
    ...(proxy && !(known.proxy && noProxy) ? { proxy, noProxy } : {}),
  };
  const places = Object.entries(origins).filter(([name]) => Object.hasOwn(given, name));
  return { ...server, ...given, origins: { ...kept, ...Object.fromEntries(places) } };
}

/** What login was asked for, as the settings have it; of what it was not asked for nothing. */
export function keysOf(
  { service, tlsCa, allowPlain, proxy, noProxy, account }: AccountFlags,
  source: PasswordSource,
  settingsPath: string,
): AccountKeys {
  const isBeside =
    'passwordFile' in source && dirname(source.passwordFile) === dirname(settingsPath);
  const path = 'passwordFile' in source ? source.passwordFile : undefined;
  return {
    jid: account,
    ...(service ? { service } : {}),
    ...(tlsCa ? { 'tls-ca': resolve(tlsCa) } : {}),
    ...(allowPlain ? { 'allow-plain': true } : {}),
    // What the environment says is not of this account.
    ...(proxy && !noProxy ? { proxy } : {}),
    'password-file': path && isBeside ? basename(path) : path,
    'password-command': 'passwordCommand' in source ? source.passwordCommand : undefined,
  };
}

/** Whether the settings name that place of the password. */
export function hasPlace({ known }: Entry, source: PasswordSource): boolean {
  const places: string[] = Object.values(source);
  return places.includes(known.passwordFile ?? known.passwordCommand ?? '');
}
