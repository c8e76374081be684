import * as files from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '../../../src/storage/files.js';
import { openLedger } from '../../../src/storage/ledger/ledger-on-disk.js';
import { NOW } from '../../transfer/receiving/ledger-suite.js';
import { temporaryFolders } from '../temporary-folder.js';

/** Makes empty inboxes, each with a ledger to be opened, on a disk of the test's if it has one. For the top of a file. */
export function inboxesWithLedger() {
  const temporaryFolder = temporaryFolders();
  return async () => {
    const inbox = await temporaryFolder();
    const staging = join(inbox, '.inband');
    await mkdir(staging);
    const path = join(staging, 'ledger.jsonl');
    const warnings: string[] = [];
    const warn = (text: string) => warnings.push(text);
    const open = (limits = {}, disk: Files = files) =>
      openLedger({ files: disk, inbox, staging, now: () => NOW }, { ...limits, warn });
    return { inbox, staging, path, warnings, open };
  };
}
