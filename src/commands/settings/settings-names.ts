import type { Command } from 'commander';
import { jidOf, type Names } from '../../transfer/people/typed-address.js';
import { RULE_WORDS } from '../../transfer/serving/policy.js';
import { settingNameOf } from '../options.js';
import { PeopleOption, readPeople } from '../people.js';
import { misuse, type SettingPlace } from './setting-value.js';
import { ownOptions } from './settings-options.js';
import type { Values } from './settings-tables.js';
import type { Table } from './toml.js';

/** Nothing that could be an address, a flag, or a trick on a terminal; as long as a person would type. */
const NAME = /^(?!-)[^@/.:\s\p{C}]{1,64}$/u;

/** `[names]`. Throws `UsageError`. */
export function readNames(table: Table, accounts: Map<string, Values>, path: string): Names {
  const names = new Map<string, string>();
  for (const [name, jid] of Object.entries(table)) {
    const place = { path, table: '[names]', key: name };
    if (!NAME.test(name))
      throw misuse(place, 'is no name: it may have no @, dot, slash, colon or space');
    if (RULE_WORDS.includes(name.toLowerCase())) {
      throw misuse(place, 'is no name: --allow means something else by it');
    }
    if (accounts.has(name)) throw misuse(place, 'is the name of an account already');
    names.set(name, readNamed(jid, place));
  }
  return names;
}

function readNamed(value: unknown, place: SettingPlace): string {
  const jid = typeof value === 'string' ? asMisuse(value, place, () => jidOf(value)) : undefined;
  if (jid !== undefined) return jid;
  throw misuse(place, `= ${JSON.stringify(value)}: it is a JID, like "name@example.org"`);
}

/** Puts the JIDs of people in place of what the table of a command calls them. Throws `UsageError`. */
export function readNamesIn(command: Command, values: Values, names: Names, path: string): void {
  for (const option of ownOptions(command)) {
    const typed = values.get(option.attributeName());
    if (!(option instanceof PeopleOption) || !Array.isArray(typed)) continue;
    const place = { path, table: `[${command.name()}]`, key: settingNameOf(option) };
    const read = (one: string) => asMisuse(one, place, () => readPeople(option, [one], { names }));
    values.set(option.attributeName(), typed.flatMap(read));
  }
}

function asMisuse<T>(value: string, place: SettingPlace, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw misuse(place, `= ${JSON.stringify(value)}: ${(error as Error).message}`);
  }
}
