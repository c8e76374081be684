import * as files from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openLedger } from '../../../src/storage/ledger/ledger-on-disk.js';
import { MemoryLedger } from '../../../src/storage/ledger/memory-ledger.js';
import { testLedger } from '../../transfer/receiving/ledger-suite.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

testLedger('memory (R180, R401, R402, R927)', async (limits, now) => new MemoryLedger(limits, now));

testLedger('a folder (R180, R401, R402, R927)', async (limits, now) => {
  const inbox = await temporaryFolder();
  const staging = join(inbox, '.inband');
  await mkdir(staging);
  return openLedger({ files, inbox, staging, now }, limits);
});
