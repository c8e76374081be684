import type { Command } from 'commander';
import { checkAccount, checkService, readProxy } from '../../transfer/people/own-account.js';
import { plainJid } from '../../transfer/people/typed-address.js';
import { naming, type Origins, placeOf } from '../account/origin.js';
import { proxyInEnvironment } from '../account/proxy.js';
import type { Context } from '../context.js';
import { PeopleOption, readPeople } from '../people.js';
import type { Settings } from './settings.js';
import { hasAccount } from './settings-options.js';
import { accountNamed, accountWithJid } from './settings-tables.js';

/** It goes nowhere, and shows what others would go by. */
const SHOWN = 'config';

/** It goes by the settings of `receive`. */
const RECEIVED = 'received';

/** Gives the command what is in the settings file and was given neither by a flag nor in the environment. */
export async function applySettings(
  program: Command,
  command: Command,
  context: Context,
): Promise<void> {
  if (!hasAccount(command) && !takesPerson(command) && command.name() !== RECEIVED) return;
  const { checkSettingsSecret, readSettings } = await import('./settings.js');
  try {
    nameGiven(command);
    const settings = await readSettings(program, context.settingsPath);
    if (command.name() === RECEIVED) applyFolder(command, settings);
    if (hasAccount(command)) {
      applyDefaults(command, settings);
      applyAccount(command, settings, context.env);
    }
    applyProxy(command, context.env);
    checkGiven(command);
    applyNames(command, settings);
    command.setOptionValueWithSource('passwordFiles', passwordFilesIn(settings), 'config');
    if (command.name() !== SHOWN && command.getOptionValueSource('proxy') === 'config') {
      await checkSettingsSecret(settings.path, command.getOptionValue('proxy'), context);
    }
  } catch (error) {
    await context.reporter(command.opts()); // that tells the user
    throw error;
  }
}

/** Whether an operand may be the name of somebody. */
const takesPerson = ({ registeredArguments }: Command): boolean =>
  registeredArguments.some((argument) => argument.name() === 'jid');

/** The defaults for the flags of the command. */
export function applyDefaults(command: Command, { commands, path }: Settings): void {
  const table = `[${command.name()}]`;
  for (const [name, value] of commands.get(command.name()) ?? []) {
    setDefault(command, name, value, placeOf(path, table, name));
  }
}

/** Files are looked for where they are received. */
function applyFolder(command: Command, { commands, path }: Settings): void {
  for (const [name, value] of commands.get('receive') ?? []) {
    if (name === 'dir') setDefault(command, name, value, placeOf(path, '[receive]', name));
  }
}

/** Turns the name of an account into its JID, and adds what else is known of it. */
function applyAccount(command: Command, settings: Settings, env: NodeJS.ProcessEnv): void {
  const { account, accounts, path } = settings;
  if (account !== undefined) setDefault(command, 'account', account, `${path}: account`);
  const typed: string | undefined = command.getOptionValue('account');
  if (!typed) return;
  const name = plainJid(typed);
  command.setOptionValueWithSource('account', name, command.getOptionValueSource('account'));
  const isJid = name.includes('@');
  const known = isJid
    ? accountWithJid(name, accounts)
    : naming(command.opts(), 'account', () => accountNamed(name, accounts, path));
  const [table] = [...accounts].find(([, one]) => one === known) ?? [];
  for (const [key, value] of known ?? []) {
    if (key === 'account') {
      if (isJid) continue; // the resource may be another one
      command.setOptionValueWithSource(key, value, command.getOptionValueSource(key));
    } else if (!(key.startsWith('password') && hasPassword(command, env))) {
      setDefault(command, key, value, placeOf(path, `[accounts.${table}]`, key));
    }
  }
}

/** Puts JIDs in place of the names that flags have for people; operands are read by the command. */
function applyNames(command: Command, { names }: Settings): void {
  const known = { names, account: command.getOptionValue('account') };
  for (const option of command.options) {
    const name = option.attributeName();
    if (!(option instanceof PeopleOption) || !isGiven(command, name)) continue;
    const people = readPeople(option, command.getOptionValue(name), known);
    command.setOptionValueWithSource(name, people, command.getOptionValueSource(name));
  }
  command.setOptionValueWithSource('names', names, 'config');
}

const passwordFilesIn = ({ accounts, commands }: Settings): unknown[] =>
  [...accounts.values(), ...commands.values()]
    .map((values) => values.get('passwordFile'))
    .filter((path) => path !== undefined);

/** What the environment says of all programs counts where neither flag nor settings say it of this one. */
function applyProxy(command: Command, env: NodeJS.ProcessEnv): void {
  const takesProxy = command.options.some((option) => option.attributeName() === 'proxy');
  if (!takesProxy) return;
  if (command.getOptionValue('proxy') !== undefined) return;
  const found = proxyInEnvironment(env);
  if (!found) return;
  for (const [name, value] of Object.entries(found.flags)) {
    command.setOptionValueWithSource(name, value, 'env');
  }
  setOrigin(command, 'proxy', `$${found.variable}`);
}

const CHECKS: Readonly<Record<string, (text: string) => void>> = {
  account: checkAccount,
  service: checkService,
  proxy: (uri) => void readProxy(uri),
};

/** Throws at once for what no connection could go by. What is in the settings was looked at where it was read. */
function checkGiven(command: Command): void {
  for (const [name, check] of Object.entries(CHECKS)) {
    const value: string | undefined = command.getOptionValue(name);
    const isShown = command.name() === SHOWN && command.getOptionValueSource(name) === 'env';
    if (value && !isShown) naming(command.opts(), name, () => check(value));
  }
}

/** Notes which flag or variable each value came from. */
function nameGiven(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName();
    const source = command.getOptionValueSource(name);
    if (source === 'cli' && option.long) setOrigin(command, name, option.long);
    if (source === 'env') setOrigin(command, name, `$${option.envVar}`);
  }
}

function setOrigin(command: Command, name: string, origin: string): void {
  const origins: Origins = { ...command.getOptionValue('origins'), [name]: origin };
  command.setOptionValueWithSource('origins', origins, 'config');
}

/** Whether the command line or the environment has a password; it replaces all of those in the file. */
function hasPassword(command: Command, env: NodeJS.ProcessEnv): boolean {
  const ways = ['passwordFile', 'passwordCommand'];
  return Boolean(env.INBAND_PASSWORD) || ways.some((way) => isGiven(command, way));
}

function setDefault(command: Command, name: string, value: unknown, origin: string): void {
  if (isGiven(command, name)) return;
  command.setOptionValueWithSource(name, value, 'config');
  setOrigin(command, name, origin);
}

/** A variable that is empty counts as one that is not set. */
function isGiven(command: Command, name: string): boolean {
  const source = command.getOptionValueSource(name);
  return source === 'cli' || (source === 'env' && command.getOptionValue(name) !== '');
}
