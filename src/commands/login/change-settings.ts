import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Reporter } from '../../ui/report.js';
import type { Context } from '../context.js';
import { readSettingsText } from '../settings/settings.js';
import { type AccountKeys, accountLines, type Change, changed } from './account-lines.js';

/** Writes an account into the settings, or prints its lines where that cannot be done safely. */
export async function writeAccount(
  change: Change & { keys: AccountKeys },
  context: Context,
  { report, warn }: Reporter,
): Promise<void> {
  const { settingsPath: path, stdout } = context;
  const { name, isDefault } = change;
  const print = async () => stdout.write(await accountLines(change));
  try {
    if (await changeSettings(change, context)) {
      const use = isDefault ? 'is the one that commands take' : `is chosen by -a ${name}`;
      report({ event: 'notice', text: `wrote ${path}: the account ${name} ${use}` });
      return;
    }
  } catch (error) {
    await print();
    throw error;
  }
  warn(
    `${path} is not written in a way that can be changed safely; put these lines there yourself:`,
  );
  await print();
}

/** Removes an account from the settings. Returns whether that can be done safely. */
export const removeAccount = (
  name: string,
  isDefault: boolean,
  context: Context,
): Promise<boolean> =>
  changeSettings({ name, keys: undefined, isDefault: isDefault ? null : undefined }, context);

/** Does all of it or nothing. Returns whether it can be done safely. */
async function changeSettings(change: Change, context: Context): Promise<boolean> {
  const { settingsPath: path } = context;
  const text = await changed((await readSettingsText(path)) ?? '', change);
  if (text === undefined) return false;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await context.saveFile(Buffer.from(text), { over: path });
  return true;
}
