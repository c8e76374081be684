import * as files from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { FileRecord } from '../../transfer/receiving/ledger.js';
import { FolderRecords } from './folder-records.js';
import { ledgerPath } from './ledger-file.js';
import { replay } from './ledger-on-disk.js';
import { MemoryLedger } from './memory-ledger.js';
import { readLedgerFile } from './read-ledger.js';

const stagingOf = (inbox: string) => join(resolve(inbox), '.inband');

/**
 * What the inbox remembers of the files that have arrived, oldest first, with absolute paths; somebody may be
 * receiving there meanwhile. `warn` hears of what cannot be read. Rejects with LedgerTooNew and NoLedger.
 */
export async function listRecords(
  inbox: string,
  warn: (text: string) => void,
): Promise<FileRecord[]> {
  // How much is kept is up to the one who receives.
  const everything = { maxRecords: Number.MAX_SAFE_INTEGER, maxAge: Number.MAX_SAFE_INTEGER };
  const memory = new MemoryLedger(everything);
  const made = new FolderRecords();
  const staging = stagingOf(inbox);
  const read = await readLedgerFile(files, staging, (line) => replay(line, memory, made));
  if (read?.isDamaged) warn(`${ledgerPath(staging)} is damaged: what can be read of it is shown`);
  return [...memory.records()]
    .filter(({ isArriving }) => !isArriving)
    .map((record) => ({ ...record, path: join(resolve(inbox), record.path) }));
}
