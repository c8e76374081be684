import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { FoundFile } from '../../transfer/receiving/inbox.js';
import type { FileRecord } from '../../transfer/receiving/ledger.js';
import { type Files, unless } from '../files.js';
import { openBelow } from '../open-folder.js';
import { isSameFile, isSameTrace, lookBelow, traceOf } from '../trace.js';
import type { InboxLedger } from './ledger-on-disk.js';

interface Place {
  files: Files;
  inbox: string;
  ledger: InboxLedger;
}

/** The file of a record, if the one at its path is that very file. */
export async function lookForFile(
  record: FileRecord,
  { files, inbox, ledger }: Place,
): Promise<FoundFile | undefined> {
  const { path, trace } = record;
  // No file is replaced: where a later one got the path, this one is gone.
  if (!ledger.holdsItsPath(record)) return undefined;
  const stats = await lookBelow(files, inbox, path);
  const found = stats && traceOf(stats);
  if (!found || !isSameFile(found, trace)) return undefined;
  return { path: join(inbox, path), size: stats.size, isUnchanged: isSameTrace(found, trace) };
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** What is there is no file of its own any more. */
const NONE = ['ENOENT', 'ENOTDIR', 'ELOOP'];

/** Lets its owner run the file of a record, or not, if it is unchanged; it counts as unchanged after that. */
export async function setExecutable(
  record: FileRecord,
  isExecutable: boolean,
  { files, inbox, ledger }: Place,
): Promise<void> {
  const components = record.path.split('/');
  const name = components.pop() as string;
  const folder = await openBelow(files, inbox, components);
  if (!folder) return;
  try {
    const opening = files.open(folder.at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const handle = await unless(NONE, opening);
    if (!handle) return;
    await changeMode(handle, record, isExecutable, ledger).finally(() => handle.close());
  } finally {
    await folder.close();
  }
}

/** The ledger knows of it before: a kill in between must not make it another file. */
async function changeMode(
  handle: FileHandle,
  { id, trace }: FileRecord,
  isExecutable: boolean,
  ledger: InboxLedger,
): Promise<void> {
  const before = await handle.stat();
  const mode = isExecutable ? 0o700 : 0o600;
  const isDue = before.isFile() && (before.mode & 0o777) !== mode;
  if (!isDue || !isSameTrace(traceOf(before), trace)) return;
  await ledger.change(id, { isChangingMode: true });
  await ledger.save();
  // A disk without modes has the file all the same.
  await handle.chmod(mode).catch(() => undefined);
  const after = await handle.stat();
  // If it was written to meanwhile, it is not what arrived any more.
  const isSame = after.mtimeMs === before.mtimeMs && after.size === before.size;
  const changes = isSame ? { trace: traceOf(after) } : {};
  await ledger.change(id, { isChangingMode: undefined, ...changes });
}
