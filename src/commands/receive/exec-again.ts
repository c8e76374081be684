import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FolderInUse } from '../../transfer/inbox-errors.js';
import { DueWork } from '../../transfer/receiving/due-work.js';
import type { Inbox } from '../../transfer/receiving/inbox.js';
import type { FileRecord } from '../../transfer/receiving/ledger.js';
import type { Reporter } from '../../ui/report.js';
import { type Context, UsageError } from '../context.js';
import { ExecFailed } from './exec.js';
import { programFor } from './receive-into.js';

interface AgainFlags {
  dir: string;
  exec?: string;
}

/** How often it is looked whether what was asked for is over. */
const LOOK_MS = 500;

/** How long nobody may receive where a daemon is only started anew: a supervisor may let it rest for some seconds. */
const RESTART_MS = 10_000;

/**
 * Has what failed, or is due, done by the process that receives into the folder, or else by this one, and waits for it.
 * Rejects with `ExecFailed` where it was not done for all of it.
 */
export async function execAgain(
  records: AsyncIterable<FileRecord>,
  flags: AgainFlags,
  context: Context,
  reporter: Reporter,
): Promise<void> {
  const left = await leftOf(records);
  if (left.length === 0) {
    const text = `no file in ${resolve(flags.dir)} waits for --exec; those of another folder: inband received --exec-again --dir <path>`;
    return reporter.report({ event: 'notice', text });
  }
  const inbox = await ask(left, flags, context, reporter);
  if (inbox) await doHere(inbox, flags, context, reporter);
  else await tellOutcome(left, flags, context, reporter);
}

/** The files that arrived for which --exec has not been done. */
async function leftOf(records: AsyncIterable<FileRecord>): Promise<FileRecord[]> {
  const left: FileRecord[] = [];
  for await (const record of records) {
    const { state } = record.work ?? {};
    if (state === 'failed' || state === 'due') left.push(record);
  }
  return left;
}

/**
 * Asks the one who receives into the folder, and waits until that is over. Resolves to the inbox where nobody receives
 * there, or not any more.
 */
async function ask(
  left: readonly FileRecord[],
  flags: AgainFlags,
  context: Context,
  { warn, report }: Reporter,
): Promise<Inbox | undefined> {
  const { dir, exec } = flags;
  let inbox = (await isSurelyFree(dir, context)) && (await openHere(flags, context, warn));
  if (inbox) return inbox;
  await context.askAgain(dir);
  const other = exec === undefined ? '' : `: its own, and not ${exec}`;
  const text = `asked the "inband receive" that has the folder to run --exec for ${filesIn(left.length)}${other}`;
  report({ event: 'notice', text });
  while (await isLeftWaiting(dir, context)) {
    inbox = await openHere(flags, context, warn);
    if (inbox) return inbox;
  }
  return undefined;
}

/** Whether nobody receives there, as far as that shows at once: signs of life take seconds. */
async function isSurelyFree(dir: string, { isReceiving }: Context): Promise<boolean> {
  const over = new AbortController();
  const mayBe = isReceiving(dir, over.signal);
  const late = setTimeout(LOOK_MS, true, { signal: over.signal });
  try {
    return !(await Promise.race([mayBe, late]));
  } finally {
    over.abort();
    await Promise.allSettled([mayBe, late]);
  }
}

/**
 * Waits until what was asked for is over, and resolves to false; or until nobody has received there for some seconds,
 * and resolves to true. It takes no lock, which would keep a daemon out that is started anew.
 */
async function isLeftWaiting(dir: string, context: Context): Promise<boolean> {
  const over = new AbortController();
  const nobody = untilNobody(dir, context, over.signal);
  const isGone = nobody.then(() => true);
  // It may fail while something else is awaited; the race below hears of it.
  isGone.catch(() => undefined);
  try {
    while (await context.isAskedAgain(dir)) {
      const look = setTimeout(LOOK_MS, false, { signal: context.signal });
      if (await Promise.race([isGone, look])) return true;
    }
    return false;
  } finally {
    over.abort();
    await Promise.allSettled([isGone]);
  }
}

async function untilNobody(dir: string, { isReceiving }: Context, signal: AbortSignal) {
  let since: number | undefined;
  while (since === undefined || performance.now() - since < RESTART_MS) {
    if (await isReceiving(dir, signal)) since = undefined;
    else since ??= performance.now();
    await setTimeout(LOOK_MS, undefined, { signal });
  }
}

async function doHere(
  inbox: Inbox,
  flags: AgainFlags,
  context: Context,
  { report }: Reporter,
): Promise<void> {
  const { startOf, signal } = context;
  try {
    const doWork = await programFor(flags, context);
    const work = new DueWork({ inbox, doWork, startOf, report });
    const { done, failed } = await work.redoFailed(signal);
    signal.throwIfAborted();
    await inbox.endRequest();
    tell(done, failed, report);
  } finally {
    await inbox.close();
  }
}

/** What the other process has made of it. */
async function tellOutcome(
  left: readonly FileRecord[],
  { dir }: AgainFlags,
  { readRecords }: Context,
  { warn, report }: Reporter,
): Promise<void> {
  const still = await leftOf(readRecords(dir, warn));
  const asked = still.filter(({ id }) => left.some((one) => one.id === id));
  // What is being done has its program noted.
  const idle = asked.filter(({ work }) => work?.state === 'due' && !work.program).length;
  if (idle > 0) {
    throw new ExecFailed(
      `the "inband receive" that has the folder runs no --exec, and ${filesIn(idle)} still ${idle === 1 ? 'waits' : 'wait'} for one`,
    );
  }
  const failed = asked.filter(({ work }) => work?.state === 'failed').length;
  tell(left.length - asked.length, failed, report);
}

function tell(done: number, failed: number, report: Reporter['report']): void {
  if (failed > 0) {
    throw new ExecFailed(`--exec failed again for ${failed} of ${filesIn(done + failed)}`);
  }
  report({ event: 'notice', text: `--exec has succeeded for ${filesIn(done)}` });
}

const filesIn = (count: number): string => (count === 1 ? '1 file' : `${count} files`);

/** How much is remembered is up to the one who receives. */
const ALL = { keepRecords: Number.MAX_SAFE_INTEGER, keepRecordsFor: Number.MAX_SAFE_INTEGER };

/** The inbox, for what is to be done here; `undefined`: somebody has it. Throws `UsageError` where nothing is to be run. */
async function openHere(
  { dir, exec }: AgainFlags,
  { openInbox, signal }: Context,
  warn: (text: string) => void,
): Promise<Inbox | undefined> {
  if (exec === undefined) {
    throw new UsageError('nobody receives into the folder', 'say what to run: --exec <program>');
  }
  try {
    return await openInbox(dir, { ...ALL, warn, signal });
  } catch (error) {
    if (error instanceof FolderInUse) return undefined;
    throw error;
  }
}
