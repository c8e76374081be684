import type { FileRecord } from '../../transfer/receiving/ledger.js';
import type { Files } from '../files.js';
import { openBelow } from '../open-folder.js';
import { type FolderRecord, type FolderTrace, folderTraceOf, isFolderOf } from './folder-record.js';
import type { WrittenFolders } from './folder-records.js';

/** From the record to the folder it takes a sync; one that was made later was made by somebody else. */
const MAKING_TIME_MS = 60_000;

interface Place {
  files: Files;
  inbox: string;
}

/**
 * Completes the records of folders that were made before a kill, and withdraws those of others; forgets folders that
 * are gone, unless a file in them is remembered.
 */
export async function settleFolders(
  place: Place,
  made: WrittenFolders,
  records: Iterable<FileRecord>,
): Promise<void> {
  const { dev } = await place.files.stat(place.inbox);
  const gone: FolderRecord[] = [];
  for (const record of [...made.records.all()]) {
    const found = await lookFor(record, place, dev);
    if (!record.trace && found) await made.complete(record, found);
    else if (!record.trace) await made.forget(record);
    else if (!found) gone.push(record);
  }
  const unused = withoutUsed(
    gone.map(({ path }) => path),
    records,
  );
  for (const record of gone) if (unused.has(record.path)) await made.forget(record);
}

/** The folder of this record, where it is the one. */
async function lookFor(
  record: FolderRecord,
  place: Place,
  device: number,
): Promise<FolderTrace | undefined> {
  const { trace, path, at } = record;
  const folder = await openBelow(place.files, place.inbox, path.split('/'));
  if (!folder) return undefined;
  try {
    const { mtimeMs } = folder.stats;
    if (trace) return isFolderOf(trace, folder.stats, device) ? trace : undefined;
    // The user may have made one since, and it may have something in it.
    const isNew = Math.abs(mtimeMs - at.getTime()) <= MAKING_TIME_MS;
    const isEmpty = (await place.files.readdir(folder.at('.'))).length === 0;
    return isNew && isEmpty ? folderTraceOf(folder.stats) : undefined;
  } finally {
    await folder.close();
  }
}

/** The folders of which no file in them is remembered. */
function withoutUsed(paths: readonly string[], records: Iterable<FileRecord>): Set<string> {
  const unused = new Set(paths);
  for (const { path } of records) {
    if (unused.size === 0) break;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      unused.delete(path.slice(0, end));
    }
  }
  return unused;
}
