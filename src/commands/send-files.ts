import type { Report } from '../transfer/events.js';
import { ownKeyWhenNeeded } from '../transfer/keys/own-key.js';
import type { SealingOptions } from '../transfer/keys/sealing.js';
import { readKey } from '../transfer/keys/trusted-keys.js';
import type { WantedTransport } from '../transfer/lane/names.js';
import { remembering } from '../transfer/people/known-contacts.js';
import { RateLimit } from '../transfer/rate-limit.js';
import { sendAll } from '../transfer/sending/send-all.js';
import { outlineOf } from '../transfer/sources/all-sources.js';
import { closeSources, openSources } from '../transfer/sources/open-sources.js';
import type { OpenSource, SourceFolder } from '../transfer/sources/source.js';
import { settingsOf, type TransferSettings } from '../transfer/ways/settings.js';
import type { Reporter } from '../ui/report.js';
import { openAccount } from './account/account.js';
import type { AccountFlags } from './account/account-options.js';
import { excluding } from './account/origin.js';
import { secretsOf } from './account/password.js';
import { laneToSend } from './account/wanted-lane.js';
import { type Context, explanationsBy, type OutputFlags, UsageError } from './context.js';
import { warnOfLost } from './keys/made-key.js';
import type { IsTyped, LaneFlags } from './lane.js';
import { refuseLone, refuseMisplaced, refuseRecipients } from './misplaced.js';
import { readRecipient } from './people.js';
import type { SealingFlags } from './sealing.js';
import { chosenWays, couldLeaveBy } from './upload/leaving.js';

export interface SendFlags
  extends AccountFlags,
    OutputFlags,
    TransferSettings,
    SealingFlags,
    LaneFlags {
  /** As `readVia` takes it. */
  via: string;
  message?: string;
  transport: WantedTransport;
  /** Seconds. */
  acceptTimeout: number;
  /** Seconds. */
  retryFor: number;
  /** Seconds. */
  waitOnline: number;
  name?: string;
  again?: boolean;
  /** Bytes a second. */
  limitRate?: number;
  /** JIDs. */
  to?: string[];
  /** As people see it. */
  toKey?: string;
  compress: boolean;
}

/** Sends every file to each recipient. */
export async function send(
  operands: string[],
  flags: SendFlags,
  context: Context,
  isTyped: IsTyped,
): Promise<void> {
  const { stdin, signal } = context;
  const reporter = await context.reporter(flags);
  const { to } = flags;
  const files = to ? operands : operands.slice(0, -1);
  const hasFlags = Object.keys(flags).some(isTyped);
  if (files.length === 0) await refuseLone(operands[0] as string, flags.names, hasFlags);
  checkFiles(files, isTyped('name'));
  await (to ? refuseRecipients(operands) : refuseMisplaced(operands, flags.names, hasFlags));
  const jids = [...new Set(to ?? [readRecipient(operands.at(-1) as string, flags)])];
  const { connect, trust, jid: account } = openAccount(flags, context, reporter.report);
  const via = chosenWays(flags, account, isTyped);
  const lane = laneToSend(flags, account, isTyped, via.ways);
  const sealing = await sealingOf(flags, jids, account, context, reporter.report);
  const [secrets, { warn }] = [secretsOf(flags, context), reporter];
  const sources = await openSources(files, { stdin, name: flags.name, secrets, warn }, signal);
  await announce(sources, jids.length, reporter, signal);
  const explain = await explanationsBy(context);
  await sendAll(sources, jids, {
    ways: via.ways,
    leavingBy: couldLeaveBy(via, flags, account),
    links: via.mayLeave ? { trust, text: flags.message } : undefined,
    sealing,
    settings: settingsOf(flags),
    transport: flags.transport,
    lane,
    again: flags.again === true,
    acceptTimeout: flags.acceptTimeout * 1000,
    retryFor: flags.retryFor * 1000,
    waitOnline: via.mayLeave ? 0 : flags.waitOnline * 1000,
    limit: flags.limitRate === undefined ? undefined : new RateLimit(flags.limitRate),
    ...{ connect: remembering(connect, context.contacts), report: reporter.report, signal },
    explain,
  });
}

/** Throws `UsageError`, and `MalformedKey`. */
async function sealingOf(
  flags: SendFlags,
  jids: readonly string[],
  account: string,
  context: Context,
  report: Report,
): Promise<SealingOptions> {
  const { encrypt, trust, toKey, compress } = flags;
  if (toKey !== undefined && jids.length > 1) {
    throw excluding(
      flags,
      new UsageError(
        '--to-key is the key of one recipient, and there are several',
        'send to one after the other',
      ),
    );
  }
  if (toKey !== undefined && encrypt === 'off') {
    throw excluding(
      flags,
      new UsageError(
        '--to-key is for what is encrypted, and --encrypt off encrypts nothing',
        'leave one of them out',
      ),
    );
  }
  return {
    ...{ encrypt, trust, account, mayDeflate: compress, now: context.now },
    toKey: toKey === undefined ? undefined : readKey(toKey),
    trusted: await context.openTrust(),
    own: ownKeyWhenNeeded(context.openKeys, account, warnOfLost(report)),
  };
}

/** Throws `UsageError`. */
function checkFiles(files: string[], isNamed: boolean): void {
  const inputs = files.filter((file) => file === '-').length;
  if (inputs > 1) throw new UsageError('standard input can be sent once only', 'give "-" once');
  if (inputs === 0 && isNamed) {
    throw new UsageError('--name is for standard input', 'give "-" as a file, or leave it out');
  }
}

/** Tells what is to come. Throws `UsageError` where something could not be sent to all of them. */
async function announce(
  sources: readonly (OpenSource | SourceFolder)[],
  recipients: number,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (recipients > 1) checkReadable(sources);
    await reporter.expect(() => outlineOf(sources, signal), recipients);
  } catch (error) {
    await closeSources(sources);
    throw error;
  }
}

/** What can be read once only goes to one recipient. Throws `UsageError`. */
function checkReadable(sources: readonly (OpenSource | SourceFolder)[]): void {
  const once = sources.find((one) => 'read' in one && one.size === undefined);
  if (!once) return;
  throw new UsageError(
    `${once.name} can be read only once, and goes to one recipient`,
    'give --to once',
  );
}
