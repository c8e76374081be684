import type { Command, Option } from 'commander';
import {
  checkAccount,
  checkService,
  isSameAccount,
  readProxy,
} from '../../transfer/people/own-account.js';
import { nearestOf, plainJid } from '../../transfer/people/typed-address.js';
import { UsageError } from '../context.js';
import { settingNameOf } from '../options.js';
import { misuse, readValue, type SettingPlace } from './setting-value.js';
import { accountOptions, ownOptions } from './settings-options.js';
import type { Table } from './toml.js';

/** Values by the names that commander gives to the flags: `blockSize`. */
export type Values = Map<string, unknown>;

/** `[accounts.*]`, by name. Throws `UsageError`. */
export function readAccounts(value: unknown, path: string): Map<string, Values> {
  const place = { path, table: '' };
  const accounts = new Map<string, Values>();
  for (const [name, table] of Object.entries(requireTable(value, { ...place, key: 'accounts' }))) {
    const key = `[accounts.${name}]`;
    if (name.includes('@')) throw misuse({ ...place, key }, 'is no name: it may have no @');
    accounts.set(name, readAccount(requireTable(table, { ...place, key }), key, path));
  }
  return accounts;
}

function readAccount({ jid, ...others }: Table, table: string, path: string): Values {
  const options = accountOptions().filter((option) => option.attributeName() !== 'account');
  if (typeof jid !== 'string') {
    throw misuse({ path, table, key: 'jid' }, 'is missing; give one like "name@example.org"');
  }
  if ('password' in others) {
    const instead = 'is not kept here; give password-file or password-command';
    throw misuse({ path, table, key: 'password' }, instead);
  }
  if ('password-file' in others && 'password-command' in others) {
    throw misuse({ path, table, key: 'password-file' }, 'and password-command: choose one');
  }
  const values = readTable(options, others, table, path, ['jid']);
  checked(checkAccount, jid, { path, table, key: 'jid' });
  const service = values.get('service');
  if (service) checked(checkService, service as string, { path, table, key: 'service' });
  const proxy = values.get('proxy');
  if (proxy) checked(readProxy, proxy as string, { path, table, key: 'proxy' });
  return values.set('account', plainJid(jid));
}

export function checked(check: (text: string) => void, text: string, place: SettingPlace): void {
  try {
    check(text);
  } catch (error) {
    throw misuse(place, `= ${(error as Error).message}`);
  }
}

/** The table of a command, with its name. Throws `UsageError`. */
export function readCommand(command: Command, tables: Table, path: string): [string, Values] {
  const name = command.name();
  const table = requireTable(tables[name], { path, table: '', key: `[${name}]` });
  return [name, readTable(ownOptions(command), table, `[${name}]`, path)];
}

/** `more`: keys that are no flags, for the list of what is known. */
function readTable(
  options: Option[],
  values: Table,
  table: string,
  path: string,
  more: string[] = [],
): Values {
  const byKey = new Map(options.map((option) => [settingNameOf(option), option]));
  const read = Object.entries(values).map(([key, value]): [string, unknown] => {
    const place = { path, table, key };
    const option = byKey.get(key);
    if (!option) throw unknownKey(place, [...more, ...byKey.keys()]);
    return [option.attributeName(), readValue(option, value, place)];
  });
  return new Map(read);
}

export const unknownKey = (place: SettingPlace, known: string[]): UsageError =>
  misuse(place, 'is not known', ...meant(place.key, known), `there are ${known.join(', ')}`);

/** A line that names what was probably meant. */
function meant(typed: string, known: string[]): string[] {
  const near = nearestOf(typed.replaceAll('_', '-'), known);
  return near === undefined ? [] : [`did you mean ${near}?`];
}

export function requireTable(value: unknown, place: SettingPlace): Table {
  if (value === undefined) return {};
  if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)) {
    return value as Table;
  }
  throw misuse(place, 'is a table, not a value');
}

/** The account with this JID, or the only one of this person, whatever the resource. */
export function accountWithJid(jid: string, accounts: Map<string, Values>): Values | undefined {
  const jidOf = (account: Values) => account.get('account') as string;
  const same = [...accounts.values()].filter((account) => isSameAccount(jidOf(account), jid));
  const exact = same.find((account) => jidOf(account) === jid);
  return exact ?? (same.length === 1 ? same[0] : undefined);
}

/** Throws `UsageError` for a name that no account has. */
export function accountNamed(name: string, accounts: Map<string, Values>, path: string): Values {
  const account = accounts.get(name);
  if (account) return account;
  const names = [...accounts.keys()].join(', ') || 'none';
  throw new UsageError(
    `"${name}" is neither a JID nor an account in ${path}`,
    ...meant(name, [...accounts.keys()]),
    `accounts there: ${names}`,
  );
}
