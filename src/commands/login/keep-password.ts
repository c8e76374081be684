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
  reporter: Reporter,
): Promise<Keeper> {
  let left = await thereOf(keepers);
  for (;;) {
    const keeper = await choose('Where is the password to be kept?', left, context);
    try {
      await keep(password, keeper, context, reporter);
      return keeper;
    } catch (error) {
      context.signal.throwIfAborted();
      left = left.filter((one) => one !== keeper);
      if (left.length === 0) throw error;
      reporter.warn(`it was not kept there: ${(error as Error).message}`);
    }
  }
}

/** Takes the password back from where it was kept, after an error that the caller tells. */
export async function takeBack({ forget, place }: Keeper, { warn }: Reporter): Promise<void> {
  try {
    await forget();
  } catch (error) {
    const why = (error as Error).message;
    warn(`the password could not be removed again, and may still be ${place} (${why})`);
  }
}

async function thereOf(keepers: readonly Keeper[]): Promise<Keeper[]> {
  const isThere = await Promise.all(keepers.map((keeper) => keeper.isThere()));
  return keepers.filter((_, index) => isThere[index]);
}

async function keep(
  password: string,
  keeper: Keeper,
  context: Context,
  reporter: Reporter,
): Promise<void> {
  await keeper.keep(password);
  try {
    const kept = await readPassword(keeper.source, context);
    if (kept !== password) throw new UsageError('what is read back is another password');
  } catch (error) {
    await takeBack(keeper, reporter);
    throw error;
  }
}
