import type { Reporter } from '../../ui/report.js';
import { readPassword } from '../account/password.js';
import { choose } from '../account/questions.js';
import { type Context, UsageError } from '../context.js';
import { type Entry, hasPlace } from './entry.js';
import type { Keeper } from './keeper.js';
import { keepersOf } from './keepers.js';

/** How long it may take to remove a password again, also after Ctrl-C. */
const TAKE_BACK_MS = 5_000;

/** Asks where the password is to be kept, until it can be read back from there. Throws what went wrong with the last place. */
export async function keepPassword(
  password: string,
  entry: Entry,
  context: Context,
  reporter: Reporter,
): Promise<Keeper> {
  let left = await thereOf(keepersOf(entry, context));
  for (;;) {
    const keeper = await choose('Where is the password to be kept?', left, context);
    try {
      await keep(password, keeper, context, () => takeBack(keeper, entry, reporter));
      return keeper;
    } catch (error) {
      context.signal.throwIfAborted();
      left = left.filter((one) => one !== keeper);
      if (left.length === 0) throw error;
      reporter.warn(`it was not kept there: ${(error as Error).message}`);
    }
  }
}

/**
 * Takes the password back from where it was kept, after an error that the caller tells. Where the settings have that
 * place already it stays: it is the one that the server took, and the older one is gone.
 */
export async function takeBack(keeper: Keeper, entry: Entry, { warn }: Reporter): Promise<void> {
  if (hasPlace(entry, keeper.source)) return;
  const late = new AbortController();
  const tooLong = new UsageError(`it took longer than ${TAKE_BACK_MS / 1000} s`);
  const timer = setTimeout(() => late.abort(tooLong), TAKE_BACK_MS);
  try {
    await keeper.forget(late.signal);
  } catch (error) {
    const why = (error as Error).message;
    warn(`the password could not be removed again, and may still be ${keeper.place} (${why})`);
  } finally {
    clearTimeout(timer);
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
  undo: () => Promise<void>,
): Promise<void> {
  try {
    await keeper.keep(password);
  } catch (error) {
    // A program that was interrupted may have kept it already; one that failed, or did not begin, has nothing of ours.
    if (error === context.signal.reason) await undo();
    throw error;
  }
  try {
    const kept = await readPassword(keeper.source, context);
    if (kept !== password) throw new UsageError('what is read back is another password');
  } catch (error) {
    await undo();
    throw error;
  }
}
