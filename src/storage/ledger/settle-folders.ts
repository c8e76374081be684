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
  const used = pathsAbove(records);
  for (const record of [...made.records.all()]) {
    const found = await lookFor(record, place);
    if (!record.trace && found) await made.complete(record, found);
    else if (!found && !(record.trace && used.has(record.path))) await made.forget(record);
  }
}

/** The folder of this record, where it is the one. */
async function lookFor(record: FolderRecord, place: Place): Promise<FolderTrace | undefined> {
  const { trace, path, at } = record;
  const folder = await openBelow(place.files, place.inbox, path.split('/'));
  if (!folder) return undefined;
  try {
    const { mtimeMs } = folder.stats;
    if (trace) return isFolderOf(trace, folder.stats) ? trace : undefined;
    // The user may have made one since, and it may have something in it.
    const isNew = Math.abs(mtimeMs - at.getTime()) <= MAKING_TIME_MS;
    const isEmpty = (await place.files.readdir(folder.at('.'))).length === 0;
    return isNew && isEmpty ? folderTraceOf(folder.stats) : undefined;
  } finally {
    await folder.close();
  }
}

/** All folders that a file in them is remembered of. */
function pathsAbove(records: Iterable<FileRecord>): Set<string> {
  const paths = new Set<string>();
  for (const { path } of records) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      if (paths.has(path.slice(0, end))) break;
      paths.add(path.slice(0, end));
    }
  }
  return paths;
}
