import type { Command } from 'commander';
import { sayingTryAgain } from '../../transfer/people/own-account.js';
import type { Reporter } from '../../ui/report.js';
import { openAccount } from '../account/account.js';
import type { AccountFlags } from '../account/account-options.js';
import { askPassword } from '../account/password.js';
import { requireKeyboard } from '../account/questions.js';
import type { Context, OutputFlags } from '../context.js';
import { checkSettingsSecret, readSettings } from '../settings/settings.js';
import { writeAccount } from './change-settings.js';
import { type Entry, entryFor, hasPlace, keysOf, type ServerFlags, serverOf } from './entry.js';
import { keepPassword, takeBack } from './keep-password.js';
import type { PasswordSource } from './keeper.js';
import { tryAccount } from './try-account.js';

export type LoginFlags = ServerFlags & OutputFlags;

/**
 * Nothing changes in the settings before the password was read back from where it is kept, and the server took it. It stays
 * there where they cannot be written, since their lines are printed then, and goes where somebody interrupts.
 */
export async function logIn(
  typed: string,
  flags: LoginFlags,
  program: Command,
  context: Context,
): Promise<void> {
  const reporter = await context.reporter(flags);
  const settings = await readSettings(program, context.settingsPath);
  const entry = entryFor(typed, settings);
  const server = serverOf(entry, flags);
  // Before anything is asked; a proxy of the environment is not written.
  if (settings.found && !server.noProxy)
    await checkSettingsSecret(settings.path, server.proxy, context);
  const password = await typedPassword(entry, context);
  const env = { ...context.env, INBAND_PASSWORD: password };
  const { connect } = openAccount(server, { ...context, env }, reporter.report);
  await tryAccount(connect, reporter.report, context.signal).catch(sayingTryAgain);
  const keeper = await keepPassword(password, entry, context, reporter);
  await tryKept({ ...server, ...keeper.source }, context, reporter).catch(async (error) => {
    await takeBack(keeper, entry, reporter);
    throw error;
  });
  const keys = keysOf({ ...flags, account: server.account }, keeper.source, context.settingsPath);
  await writeAccount(entry, keys, program, context, reporter).catch(async (error) => {
    if (error === context.signal.reason) await takeBack(keeper, entry, reporter);
    throw error;
  });
  tellOfOther(entry, keeper.source, reporter);
}

function typedPassword({ account }: Entry, context: Context): Promise<string> {
  const keyboard = requireKeyboard(
    context,
    'the password is to be asked for',
    'in a script, give the other commands --password-file, --password-command or INBAND_PASSWORD',
  );
  return askPassword(account, keyboard, context, 'run the command again, and type it');
}

/** Goes online as every command will from now on. */
async function tryKept(
  account: AccountFlags,
  context: Context,
  { report }: Reporter,
): Promise<void> {
  const { connect } = openAccount(account, context, report);
  const session = await connect();
  await session.close();
}

/** A password that was kept elsewhere is not ours to remove unasked. */
function tellOfOther(entry: Entry, source: PasswordSource, { warn }: Reporter): void {
  const before = entry.known.passwordFile ?? entry.known.passwordCommand;
  if (before === undefined || hasPlace(entry, source)) return;
  warn(`what the settings had before may have a password still: ${before}`);
}
