import * as files from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { FileRecord } from '../../transfer/receiving/ledger.js';
import { ledgerPath } from './ledger-file.js';
import { LinesAgain } from './lines-of-file.js';
import { openLedger, readLines } from './read-ledger.js';
import { readLine } from './record-lines.js';

const stagingOf = (inbox: string) => join(resolve(inbox), '.inband');

/**
 * What the inbox remembers of the files that have arrived, oldest first, with absolute paths; somebody may be
 * receiving there meanwhile. `warn` hears of what cannot be read. Throws LedgerTooNew and NoFileOfOurs. In memory is
 * no more than where each record stands: with the longest names it is 24,000 bytes long.
 */
export async function* listRecords(
  inbox: string,
  warn: (text: string) => void,
): AsyncGenerator<FileRecord> {
  const staging = stagingOf(inbox);
  const ledger = await openLedger(files, staging);
  if (!ledger) return;
  try {
    const positions = new Map<string, number>();
    const { isDamaged } = await readLines(ledger, (line, position) => {
      if ('record' in line) positions.set(line.record.id, position);
      else if ('removed' in line) positions.delete(line.removed);
    });
    if (isDamaged) warn(`${ledgerPath(staging)} is damaged: what can be read of it is shown`);
    const lines = new LinesAgain(ledger.handle);
    for (const position of positions.values()) {
      const line = readLine(await lines.at(position));
      if (!line || !('record' in line) || line.record.isArriving) continue;
      yield { ...line.record, path: join(resolve(inbox), line.record.path) };
    }
  } finally {
    await ledger.handle.close();
  }
}
