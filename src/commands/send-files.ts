import { remembering } from '../transfer/known-contacts.js';
import { openSources } from '../transfer/sending/open-sources.js';
import { sendFiles } from '../transfer/sending/send-all.js';
import { settingsOf, type TransferSettings } from '../transfer/sending/settings.js';
import type { WayName } from '../transfer/ways/names.js';
import { openAccount } from './account/account.js';
import type { AccountFlags } from './account/account-options.js';
import { type Context, type OutputFlags, UsageError } from './context.js';
import { readRecipient } from './people.js';

export interface SendFlags extends AccountFlags, OutputFlags, TransferSettings {
  via: 'auto' | WayName;
  /** Seconds. */
  acceptTimeout: number;
  /** Seconds. */
  retryFor: number;
  name?: string;
}

/** Sends every file, or stops at the first that cannot be sent. `isNamed`: `--name` was given, and is no default. */
export async function send(
  operands: string[],
  flags: SendFlags,
  context: Context,
  isNamed: boolean,
): Promise<void> {
  const { stdin, signal } = context;
  const reporter = await context.reporter(flags);
  const files = operands.slice(0, -1);
  checkFiles(files, isNamed);
  const jid = readRecipient(operands.at(-1) as string, flags);
  const { connect } = openAccount(flags, context, reporter.report);
  const sources = await openSources(files, { stdin, name: flags.name });
  reporter.expect(sources.map(({ size }) => size));
  await sendFiles(sources, jid, {
    via: flags.via,
    settings: settingsOf(flags),
    acceptTimeout: flags.acceptTimeout * 1000,
    retryFor: flags.retryFor * 1000,
    ...{ connect: remembering(connect, context.contacts), report: reporter.report, signal },
  });
}

/** Throws `UsageError`. */
function checkFiles(files: string[], isNamed: boolean): void {
  if (files.length === 0) throw new UsageError('send what to whom? inband send <file...> <jid>');
  const inputs = files.filter((file) => file === '-').length;
  if (inputs > 1) throw new UsageError('standard input can be sent once only; give "-" once');
  if (inputs === 0 && isNamed) {
    throw new UsageError('--name is for standard input; give "-" as a file, or leave it out');
  }
}
