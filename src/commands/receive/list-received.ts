import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { NobodyReceives } from '../../transfer/inbox-errors.js';
import type { FileRecord } from '../../transfer/receiving/ledger.js';
import { display } from '../../ui/display.js';
import type { Reporter } from '../../ui/report.js';
import { asOf, type Origins } from '../account/origin.js';
import { type Context, type OutputFlags, UsageError } from '../context.js';
import { execAgain } from './exec-again.js';

export interface ReceivedFlags extends OutputFlags {
  dir: string;
  execAgain?: boolean;
  exec?: string;
  health?: boolean;
  origins?: Origins;
}

/** Lists what arrived, or has what failed done once more. */
export async function listReceived(flags: ReceivedFlags, context: Context): Promise<void> {
  if (flags.exec !== undefined && !flags.execAgain) {
    throw new UsageError('--exec goes with --exec-again');
  }
  if (flags.health && flags.execAgain) {
    throw new UsageError('--health does not go with --exec-again');
  }
  const reporter = await context.reporter(flags);
  await checkFolder(flags.dir).catch(asOf(flags, 'dir'));
  if (flags.health) return checkHealth(flags, context, reporter);
  const all = context.readRecords(flags.dir, reporter.warn);
  if (flags.execAgain) return execAgain(all, flags, context, reporter);
  const records = noticing(all, () =>
    reporter.report({ event: 'notice', text: noneIn(flags.dir) }),
  );
  if (!flags.json) {
    return pipeline(Readable.from(linesOf(records)), context.stdout, { end: false });
  }
  for await (const record of records) reporter.report(eventOf(record));
}

/** Otherwise a file, or a folder whose name is misspelt, would look like an empty one. */
async function checkFolder(dir: string): Promise<void> {
  if ((await stat(dir)).isDirectory()) return;
  throw Object.assign(new Error(`${resolve(dir)} is no folder`), { syscall: 'stat' });
}

const noneIn = (dir: string): string =>
  `no file has arrived in ${resolve(dir)} yet; those of another folder: inband received --dir <path>`;

/** The same records; tells when there are none. */
async function* noticing(
  records: AsyncIterable<FileRecord>,
  none: () => void,
): AsyncGenerator<FileRecord> {
  let isEmpty = true;
  for await (const record of records) {
    isEmpty = false;
    yield record;
  }
  if (isEmpty) none();
}

/** A process that receives gives a sign of life every 5 s. */
async function checkHealth(
  { dir }: ReceivedFlags,
  { isReceiving }: Context,
  { note }: Reporter,
): Promise<void> {
  if (!(await isReceiving(dir))) throw new NobodyReceives(resolve(dir));
  note(`somebody receives into ${resolve(dir)}`);
}

async function* linesOf(records: AsyncIterable<FileRecord>): AsyncGenerator<string> {
  for await (const record of records) yield `${lineOf(record)}\n`;
}

function lineOf({ at, account, size, work, path }: FileRecord): string {
  const state = work?.state ?? '-';
  return [at.toISOString(), account, `${size}`, state, path].map(display).join('\t');
}

const eventOf = ({ at, account, offered, size, sha256, path, work, sealedBy, trust }: FileRecord) =>
  ({
    event: 'received',
    peer: account,
    name: offered.join('/'),
    ...{ path, size, sha256, at: at.toISOString() },
    ...(work ? { exec: work.state } : {}),
    encrypted: sealedBy !== undefined,
    ...(sealedBy === undefined ? {} : { peerKey: sealedBy }),
    ...(trust === undefined ? {} : { trust }),
  }) as const;
