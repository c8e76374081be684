import type { WantedTransport } from '../../transfer/lane/names.js';
import { isOnion } from '../../transfer/people/own-account.js';
import { type ChosenWays, readVia, VIA_TAKES } from '../../transfer/ways/names.js';
import type { AccountFlags } from '../account/account-options.js';
import { WOULD_SHOW } from '../account/hidden.js';
import { excluding } from '../account/origin.js';
import { UnfitValue, UsageError } from '../context.js';
import type { IsTyped } from '../lane.js';

interface Flags extends AccountFlags {
  /** As `readVia` takes it. */
  via: string;
  /** Seconds. */
  waitOnline: number;
}

/**
 * The ways in which files are to go. What is in the settings gives way to what was typed, or to an account, that excludes
 * it. Throws `UsageError` where what was typed makes no sense.
 */
export function chosenWays(flags: Flags, account: string, isTyped: IsTyped): ChosenWays {
  const chosen = readVia(flags.via);
  if (!chosen) throw new UnfitValue('--via', flags.via, VIA_TAKES);
  const problem = chosen.mayLeave ? whyNothingLeft(flags, account, isTyped) : undefined;
  const isWish = !isTyped('via') && chosen.ways?.length !== 0;
  if (problem && !(isWish && problem.isCertain)) throw problem.error;
  const mayLeave = chosen.mayLeave && !problem;
  // A message in the settings is for the times at which files are left.
  if (!mayLeave && isTyped('message')) {
    throw new UsageError('--message is for files that are left with a link', 'add --via auto,http');
  }
  return { ...chosen, mayLeave };
}

/** The flag by which files would be left, too; nothing where they are, or must not be. */
export function couldLeaveBy(
  { ways, mayLeave }: ChosenWays,
  { service, transport }: Pick<Flags, 'service'> & { transport: WantedTransport },
  account: string,
): string | undefined {
  // By `s5b` alone nothing is left.
  if (mayLeave || transport === 's5b' || isOnion(account, service)) return undefined;
  return `--via ${ways?.join(',') ?? 'auto'},http`;
}

/** `isCertain`: it counts more than what is in the settings. */
function whyNothingLeft(
  flags: Flags,
  account: string,
  isTyped: IsTyped,
): { error: UsageError; isCertain: boolean } | undefined {
  const { waitOnline, service } = flags;
  if (isOnion(account, service)) {
    const error = new UsageError(`an upload ${WOULD_SHOW}`, 'leave http out: --via auto');
    return { error, isCertain: true };
  }
  const isWaiting = waitOnline > 0 && (isTyped('waitOnline') || !isTyped('via'));
  if (!isWaiting) return undefined;
  const error = excluding(
    flags,
    new UsageError(
      '--via http leaves a link at once where nobody is there, and --wait-online waits for somebody',
      'leave one of them out',
    ),
  );
  return { error, isCertain: isTyped('waitOnline') };
}
