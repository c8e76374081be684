import type { Command } from 'commander';
import { ask } from '../account/questions.js';
import type { Context } from '../context.js';
import { readSettings } from '../settings/settings.js';
import { logIn } from './log-in.js';

/** Offers to set up an account where a person has none yet. Returns whether one was set up. */
export async function offerLogin(program: Command, context: Context): Promise<boolean> {
  const { accounts, account } = await readSettings(program, context.settingsPath);
  if (accounts.size > 0 || account !== undefined) return false;
  context.stderr.write('\nNo account is set up here yet.\n');
  const jid = await ask('Your account (name@example.org; Enter: not now): ', context);
  if (jid === '') return false;
  await logIn(jid, {}, program, context);
  return true;
}
