import { join } from 'node:path';
import type { FoundFile } from '../../transfer/receiving/inbox.js';
import type { FileRecord } from '../../transfer/receiving/ledger.js';
import type { Files } from '../files.js';
import { isSameTrace, lookBelow, traceOf } from '../trace.js';
import type { InboxLedger } from './ledger-on-disk.js';

interface Place {
  files: Files;
  inbox: string;
  ledger: InboxLedger;
}

/** The file of a record, if there is one at its path that may be its own. */
export async function lookForFile(
  record: FileRecord,
  { files, inbox, ledger }: Place,
): Promise<FoundFile | undefined> {
  const { path, trace } = record;
  // No file is replaced: where a later one got the path, this one is gone.
  if (!ledger.holdsItsPath(record)) return undefined;
  const stats = await lookBelow(files, inbox, path);
  return stats && { path: join(inbox, path), isUnchanged: isSameTrace(traceOf(stats), trace) };
}
