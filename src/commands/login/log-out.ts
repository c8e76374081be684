import type { Command } from 'commander';
import type { Reporter } from '../../ui/report.js';
import { confirm, requireKeyboard } from '../account/questions.js';
import { type Context, type OutputFlags, UsageError } from '../context.js';
import { readSettings, type Settings } from '../settings/settings.js';
import { removeAccount } from './change-settings.js';
import { type Entry, entryNamed } from './entry.js';
import type { Keeper } from './keeper.js';
import { keepersOf } from './keepers.js';

/**
 * Removes the password first: where that fails, the settings still say where it is. Nothing else changes these meanwhile,
 * and nothing is removed before that is so.
 */
export async function logOut(
  typed: string,
  flags: OutputFlags,
  program: Command,
  context: Context,
): Promise<void> {
  const reporter = await context.reporter(flags);
  const settings = await readSettings(program, context.settingsPath);
  const entry = entryNamed(typed, settings);
  const { name, account } = entry;
  const keyboard = requireKeyboard(
    context,
    'you are to be asked first',
    `remove [accounts.${name}] from ${settings.path} yourself`,
  );
  const keeper = keeperOf(entry, settings, context);
  const what = `Remove ${name} (${account}) from ${settings.path}`;
  const more = keeper ? `, and its password ${keeper.place}` : '';
  if (!(await confirm(`${what}${more}?`, keyboard, context))) {
    return reporter.report({ event: 'notice', text: 'nothing was removed' });
  }
  await remove(entry, program, context, reporter);
}

/** Where "inband login" has put the password. What another account has, too, stays. */
function keeperOf(entry: Entry, { accounts }: Settings, context: Context): Keeper | undefined {
  const { known, name } = entry;
  const mine = [known.passwordFile, known.passwordCommand].filter((one) => one !== undefined);
  const others = [...accounts].filter(([other]) => other !== name).map(([, values]) => values);
  const isShared = others.some((values) =>
    [...values.values()].some((one) => mine.includes(one as string)),
  );
  if (isShared) return undefined;
  return keepersOf(entry, context).find(({ source }) =>
    Object.values(source).some((one) => mine.includes(one)),
  );
}

async function remove(
  entry: Entry,
  program: Command,
  context: Context,
  { report, warn }: Reporter,
): Promise<void> {
  const { settingsPath: path } = context;
  const { name } = entry;
  let isForgotten = false;
  const outcome = await removeAccount(entry, program, context, async (now) => {
    const keeper = keeperOf(entry, now, context);
    await keeper?.forget();
    isForgotten = keeper !== undefined;
  });
  if (outcome === 'stale') {
    const what = `${path} has other lines for ${name} by now, and nothing was removed`;
    throw new UsageError(what, 'run the command again');
  }
  if (outcome === 'done') report({ event: 'notice', text: `removed ${name} from ${path}` });
  else {
    const why = 'is not written in a way that can be changed safely';
    warn(`${path} ${why}; remove the account ${name} there yourself`);
  }
  if (!isForgotten) tellWhereItIs(entry, { warn });
}

function tellWhereItIs({ known }: Entry, { warn }: Pick<Reporter, 'warn'>): void {
  const { passwordFile, passwordCommand } = known;
  if (passwordFile) warn(`the password stays in ${passwordFile}`);
  if (passwordCommand) warn(`the password stays where this gets it: ${passwordCommand}`);
}
