import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FolderInUse, NobodyReceives } from '../../transfer/inbox-errors.js';
import { DueWork } from '../../transfer/receiving/due-work.js';
import type { Inbox } from '../../transfer/receiving/inbox.js';
import type { FileRecord } from '../../transfer/receiving/ledger.js';
import { display } from '../../ui/display.js';
import type { Reporter } from '../../ui/report.js';
import { type Context, type OutputFlags, UsageError } from '../context.js';
import { ExecFailed } from './exec.js';
import { programFor } from './receive-into.js';

export interface ReceivedFlags extends OutputFlags {
  dir: string;
  execAgain?: boolean;
  exec?: string;
  health?: boolean;
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
  // Otherwise a folder whose name is misspelt would look like an empty one.
  await stat(flags.dir);
  if (flags.health) return checkHealth(flags, context, reporter);
  const records = noticing(context.readRecords(flags.dir, reporter.warn), () =>
    reporter.report({ event: 'notice', text: `no file has arrived in ${flags.dir} yet` }),
  );
  if (flags.execAgain) return execAgain(records, flags, context, reporter);
  if (!flags.json) {
    return pipeline(Readable.from(linesOf(records)), context.stdout, { end: false });
  }
  for await (const record of records) reporter.report(eventOf(record));
}

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
  if (!(await isReceiving(dir))) throw new NobodyReceives(dir);
  note(`somebody receives into ${dir}`);
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

/** Has it done by the process that receives into the folder, or else by this one. */
async function execAgain(
  records: AsyncIterable<FileRecord>,
  flags: ReceivedFlags,
  context: Context,
  { warn, report }: Reporter,
): Promise<void> {
  const tell = (text: string) => report({ event: 'notice', text });
  const left = await countLeft(records);
  if (left === 0) return tell(`no file in ${flags.dir} waits for --exec`);
  const inbox = await openUnlessInUse(flags, context, warn);
  if (!inbox) {
    await context.askAgain(flags.dir);
    return tell(
      `asked the "inband receive" that has the folder to run --exec for ${filesIn(left)}`,
    );
  }
  try {
    const doWork = await programFor(flags, context);
    if (!doWork) {
      throw new UsageError('nobody receives into the folder', 'say what to run: --exec <program>');
    }
    const { startOf, signal } = context;
    const { done, failed } = await new DueWork({ inbox, doWork, startOf, report }).redoFailed(
      signal,
    );
    signal.throwIfAborted();
    if (failed > 0)
      throw new ExecFailed(`--exec failed again for ${failed} of ${filesIn(done + failed)}`);
    tell(`--exec has succeeded for ${filesIn(done)}`);
  } finally {
    await inbox.close();
  }
}

async function countLeft(records: AsyncIterable<FileRecord>): Promise<number> {
  let count = 0;
  for await (const { work } of records) {
    if (work?.state === 'failed' || work?.state === 'due') count += 1;
  }
  return count;
}

const filesIn = (count: number): string => (count === 1 ? '1 file' : `${count} files`);

/** How much is remembered is up to the one who receives. */
const ALL = { keepRecords: Number.MAX_SAFE_INTEGER, keepRecordsFor: Number.MAX_SAFE_INTEGER };

async function openUnlessInUse(
  { dir }: ReceivedFlags,
  { openInbox, signal }: Context,
  warn: (text: string) => void,
): Promise<Inbox | undefined> {
  try {
    return await openInbox(dir, { ...ALL, warn, signal });
  } catch (error) {
    if (error instanceof FolderInUse) return undefined;
    throw error;
  }
}
