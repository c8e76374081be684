import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { checkAccount } from '../../transfer/people/own-account.js';
import { type Names, plainJid } from '../../transfer/people/typed-address.js';
import { UsageError } from '../context.js';
import { misuse } from './setting-value.js';
import { readNames, readNamesIn } from './settings-names.js';
import { commandsWithSettings } from './settings-options.js';
import {
  accountNamed,
  checked,
  readAccounts,
  readCommand,
  requireTable,
  unknownKey,
  type Values,
} from './settings-tables.js';
import { parseToml, type Table } from './toml.js';

export { checkSettingsSecret } from './settings-secret.js';

export interface Settings {
  path: string;
  /** Whether there is such a file. */
  found: boolean;
  /** Name or JID of the account to use when none is given. */
  account: string | undefined;
  /** By name; with `account`, its JID. */
  accounts: Map<string, Values>;
  /** Short names for JIDs. */
  names: Names;
  /** By name of the command. */
  commands: Map<string, Values>;
}

/** All of the file is checked, against the flags that the program has. Throws `UsageError`. */
export async function readSettings(program: Command, path: string): Promise<Settings> {
  return settingsIn(await readSettingsText(path), program, path);
}

/** The same, of a text that was read already. */
export async function settingsIn(
  text: string | undefined,
  program: Command,
  path: string,
): Promise<Settings> {
  const { account, accounts, names, ...tables } =
    text === undefined ? ({} as Table) : await parseToml(text, path);
  const commands = commandsWithSettings(program);
  const known = commands.map((command) => command.name());
  const key = Object.keys(tables).find((table) => !known.includes(table));
  if (key !== undefined) {
    throw unknownKey({ path, table: '', key }, ['account', 'accounts', 'names', ...known]);
  }
  const accountsByName = readAccounts(accounts, path);
  const tableOfNames = requireTable(names, { path, table: '', key: '[names]' });
  const settings: Settings = {
    ...{ path, found: text !== undefined, account: undefined, accounts: accountsByName },
    names: readNames(tableOfNames, accountsByName, path),
    commands: new Map(commands.map((command) => readCommand(command, tables, path))),
  };
  for (const command of commands) {
    readNamesIn(command, settings.commands.get(command.name()) as Values, settings.names, path);
  }
  if (account !== undefined) settings.account = readDefault(account, settings);
  return settings;
}

/** The text of the file; `undefined`: there is none. Throws `UsageError`, or the file system's error. */
export async function readSettingsText(path: string): Promise<string | undefined> {
  try {
    // Nobody could end the wait for whoever writes into it.
    if ((await stat(path)).isFIFO()) throw new UsageError(`${path} is a pipe, and no file`);
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    // For a directory the system does not say which.
    if (code === 'EISDIR') Object.assign(error as Error, { path });
    throw error;
  }
}

function readDefault(account: unknown, { path, accounts }: Settings): string {
  const place = { path, table: '', key: 'account' };
  if (typeof account !== 'string') throw misuse(place, 'is the name of an account, or a JID');
  if (!account.includes('@')) accountNamed(account, accounts, path);
  else checked(checkAccount, account, place);
  return plainJid(account);
}
