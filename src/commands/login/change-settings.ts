import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import type { Reporter } from '../../ui/report.js';
import type { Context } from '../context.js';
import {
  checkSettingsSecret,
  readSettingsText,
  type Settings,
  settingsIn,
} from '../settings/settings.js';
import { type AccountKeys, accountLines, type Change, changed } from './account-lines.js';
import { type Entry, entryFor, isDefault, isStill } from './entry.js';
import { whileLocked } from './settings-lock.js';

/** `unsafe`: it cannot be said what the text would mean; `stale`: it says something else of the account by now. */
type Outcome = 'done' | 'unsafe' | 'stale';

/**
 * Writes an account into the settings, or prints its lines where that cannot be done safely. `entry`: what was tried, as
 * the settings had it. Only what stands there at the time of writing says which name is free. Rejects with the signal's
 * reason where that comes before; then nothing is printed.
 */
export async function writeAccount(
  entry: Entry,
  keys: AccountKeys,
  program: Command,
  context: Context,
  { report, warn }: Reporter,
): Promise<void> {
  const { settingsPath: path, stdout, signal } = context;
  let change: Change = { name: entry.name, keys };
  let isTaken = false;
  const print = async () => stdout.write(await accountLines(change));
  const changeIn = async (settings: Settings) => {
    const found = entryFor(entry.known.account ?? entry.account, settings);
    if (!isDeepStrictEqual(found.known, entry.known)) return undefined;

    const isFirst = settings.accounts.size === 0 && settings.account === undefined;
    isTaken = isFirst || isDefault(found, settings);
    change = { name: found.name, keys, isDefault: isFirst || undefined };
    return change;
  };
  const outcome = await changeSettings(changeIn, program, context).catch(async (error) => {
    if (error !== signal.reason) await print();
    throw error;
  });
  if (outcome === 'done') {
    const { name } = change;
    const use = isTaken ? 'is the one that commands take' : `is chosen by -a ${name}`;
    report({ event: 'notice', text: `wrote ${path}: the account ${name} ${use}` });
    return;
  }
  const why = outcome === 'unsafe' ? NOT_SAFE : `has other lines for ${entry.account} by now`;
  warn(`${path} ${why}; put these lines there yourself:`);
  await print();
}

const NOT_SAFE = 'is not written in a way that can be changed safely';

/**
 * Removes the account from the settings, and before that whatever `forget` removes, if they still have it as it was when
 * the user was asked.
 */
export function removeAccount(
  entry: Entry,
  program: Command,
  context: Context,
  forget: (settings: Settings) => Promise<void>,
): Promise<Outcome> {
  const changeIn = async (settings: Settings): Promise<Change | undefined> => {
    if (!isStill(entry, settings)) return undefined;

    const { name } = entry;
    return { name, keys: undefined, isDefault: isDefault(entry, settings) ? null : undefined };
  };
  return changeSettings(changeIn, program, context, forget);
}

/**
 * Does all of it or nothing, `first` only where the settings can be changed. What it is to be is decided by the very text
 * that is changed, which no other inband changes.
 */
function changeSettings(
  changeIn: (settings: Settings) => Promise<Change | undefined>,
  program: Command,
  context: Context,
  first?: (settings: Settings) => Promise<void>,
): Promise<Outcome> {
  const { settingsPath: path } = context;
  return whileLocked(context, async () => {
    const before = await readSettingsText(path);
    const settings = await settingsIn(before, program, path);
    const change = await changeIn(settings);
    if (!change) return 'stale';
    const text = await changed(before ?? '', change);
    if (text === undefined) return 'unsafe';
    // What is made anew is its owner's alone.
    if (before !== undefined) await checkSettingsSecret(path, change.keys?.proxy, context);
    await first?.(settings);
    await context.saveFile(Buffer.from(text), { over: path });
    return 'done';
  });
}
