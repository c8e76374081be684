import type { Reporter } from '../../ui/report.js';
import { readPassword } from '../account/password.js';
import { type Context, UsageError } from '../context.js';
import type { Keeper } from './keeper.js';
import { choose } from './questions.js';

/** Asks where the password is to be kept, until it can be read back from there. Throws what went wrong with the last place. */
export async function keepPassword(
  password: string,
  keepers: readonly Keeper[],
  context: Context,
  { warn }: Reporter,
): Promise<Keeper> {
  let left = await thereOf(keepers);
  for (;;) {
    const keeper = await choose('Where is the password to be kept?', left, context);
    try {
      await keep(password, keeper, context);
      return keeper;
    } catch (error) {
      context.signal.throwIfAborted();
      left = left.filter((one) => one !== keeper);
      if (left.length === 0) throw error;
      warn(`it was not kept there: ${(error as Error).message}`);
    }
  }
}

async function thereOf(keepers: readonly Keeper[]): Promise<Keeper[]> {
  const isThere = await Promise.all(keepers.map((keeper) => keeper.isThere()));
  return keepers.filter((_, index) => isThere[index]);
}

async function keep(password: string, keeper: Keeper, context: Context): Promise<void> {
  await keeper.keep(password);
  try {
    const kept = await readPassword(keeper.source, context);
    if (kept !== password) throw new UsageError('what is read back is another password');
  } catch (error) {
    await keeper.forget().catch(() => undefined); // the first error tells more
    throw error;
  }
}
