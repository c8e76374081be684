import type { Report } from '../../transfer/events.js';
import { ownKey } from '../../transfer/keys/own-key.js';
import { RateLimit } from '../../transfer/rate-limit.js';
import { type ReceivingSealing, receiveFiles } from '../../transfer/receiving/daemon.js';
import { type DoWork, DueWork } from '../../transfer/receiving/due-work.js';
import { openAccount } from '../account/account.js';
import { type AccountFlags, requireAccount } from '../account/account-options.js';
import { asOf, type Origins } from '../account/origin.js';
import { laneToReceive } from '../account/wanted-lane.js';
import type { Context, OutputFlags } from '../context.js';
import { warnOfLost } from '../keys/made-key.js';
import type { IsTyped, LaneFlags } from '../lane.js';
import type { SealingFlags } from '../sealing.js';
import { requireProgram, runFor } from './exec.js';
import { linksBy } from './links.js';
import type { LinksFlags } from './links-options.js';

export interface ReceiveFlags
  extends AccountFlags,
    OutputFlags,
    SealingFlags,
    LaneFlags,
    LinksFlags {
  allow?: string[];
  dir: string;
  once?: boolean;
  exec?: string;
  maxSize?: number;
  maxTotal?: number;
  minFree?: number;
  maxSessions: number;
  /** Bytes a second. */
  limitRate?: number;
  keepRecords: number;
  /** Seconds. */
  keepRecordsFor: number;
}

/**
 * Receives files into the folder. All of it is loaded before, for the program may be replaced while the daemon runs.
 */
export async function receiveInto(
  flags: ReceiveFlags,
  context: Context,
  isTyped: IsTyped,
): Promise<void> {
  const { warn, report } = await context.reporter(flags);
  const { jid, connect, renew, trust } = openAccount(flags, context, report);
  const lane = laneToReceive(flags, jid, isTyped);
  const openMarks = () => context.openMarks(flags.dir);
  const links = await linksBy(flags, { account: { jid, trust }, isTyped, openMarks, report });
  const doWork = await programFor(flags, context);
  const { allow, maxSessions, once = false, verbose: isVerbose } = flags;
  const allowIn = isTyped('allow') ? undefined : flags.origins?.allow;
  const { signal, now } = context;
  const { exitCodeOf } = await context.failures();
  const sealing = await sealingOf(flags, context, report);
  const inbox = await openInbox(flags, context, warn);
  try {
    const work = new DueWork({ inbox, doWork, startOf: context.startOf, report });
    const registry = await context.createRegistry();
    await receiveFiles({
      ...{ connect, renew, report, signal, now, exitCodeOf },
      ...{ inbox, registry, work, sealing, lane, links },
      ...{ allow, allowIn, isVerbose, once, maxTransfers: maxSessions },
      limit: flags.limitRate === undefined ? undefined : new RateLimit(flags.limitRate),
    });
  } finally {
    await inbox.close();
  }
}

function openInbox(flags: ReceiveFlags, context: Context, warn: (text: string) => void) {
  const { dir, keepRecords, keepRecordsFor, maxSize, maxTotal, minFree } = flags;
  const options = {
    ...{ maxSize, maxTotal, minFree, warn, signal: context.signal },
    ...{ keepRecords, keepRecordsFor: keepRecordsFor * 1000 },
  };
  return context.openInbox(dir, options).catch(asOf(flags, 'dir'));
}

async function sealingOf(
  flags: ReceiveFlags,
  context: Context,
  report: Report,
): Promise<ReceivingSealing> {
  const { encrypt, trust } = flags;
  const account = requireAccount(flags);
  // What opens nothing needs none, and makes none.
  const own =
    encrypt === 'off'
      ? undefined
      : await ownKey(await context.openKeys(), account, warnOfLost(report));
  return { encrypt, trust, account, own, trusted: await context.openTrust() };
}

/** Runs the program of `--exec`. Throws `UsageError` if it cannot be run: better now than when a file has come. */
export async function programFor(
  flags: { exec?: string; origins?: Origins },
  context: Context,
): Promise<DoWork | undefined> {
  const { exec } = flags;
  if (exec === undefined) return undefined;
  if (process.platform !== 'win32') {
    await requireProgram(exec, context.env).catch(asOf(flags, 'exec'));
  }
  return (arrival, options) => runFor(exec, arrival, options, context);
}
