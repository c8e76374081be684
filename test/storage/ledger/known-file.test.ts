import * as files from 'node:fs/promises';
import { appendFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { lookForFile, setExecutable } from '../../../src/storage/ledger/known-file.js';
import { traceOf } from '../../../src/storage/trace.js';
import type { FileRecord, Ledger } from '../../../src/transfer/receiving/ledger.js';
import { recordOf } from '../../transfer/receiving/ledger-suite.js';
import { tappedFiles } from '../tapped-files.js';
import { inboxesWithLedger } from './inboxes-with-ledger.js';

const emptyInbox = inboxesWithLedger();

/** A file that is known and due, and becomes a program; the process is killed as soon as it is one. */
async function killedInBetween() {
  const { inbox, open } = await emptyInbox();
  const path = join(inbox, 'run.sh');
  await writeFile(path, '#!/bin/sh\n', { mode: 0o600 });
  const trace = traceOf(await stat(path));
  const record = recordOf({ path: 'run.sh', size: 10, trace, work: { state: 'due' } });
  const ledger = await open();
  await ledger.add(record);
  let isChanged = false;
  const dying = tappedFiles(async ({ operation }, run) => {
    if (isChanged && operation === 'handle.stat') throw new Error('killed');
    isChanged ||= operation === 'handle.chmod';
    return run();
  });
  const changing = setExecutable(record, true, { files: dying, inbox, ledger });
  await expect(changing).rejects.toThrow('killed');
  return { inbox, open, path };
}

const onlyOne = (ledger: Ledger) => [...ledger.records()][0] as FileRecord;

test('a file is unchanged when the process was killed while it became a program (R643)', async () => {
  const { inbox, open, path } = await killedInBetween();
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  for (const _start of [1, 2]) {
    const ledger = await open();
    const record = onlyOne(ledger);
    expect(record).toMatchObject({ work: { state: 'due' } });
    expect(record.isChangingMode).toBeUndefined();
    const found = await lookForFile(record, { files, inbox, ledger });
    expect(found).toEqual({ path, size: 10, isUnchanged: true });
  }
});

test('one that was written to after that has changed, and what is due for it stays so (R643)', async () => {
  const { inbox, open, path } = await killedInBetween();
  await appendFile(path, 'rm -r .\n');
  const ledger = await open();
  const record = onlyOne(ledger);
  expect(record).toMatchObject({ work: { state: 'due' } });
  expect(await lookForFile(record, { files, inbox, ledger })).toEqual({
    ...{ path, size: 18, isUnchanged: false },
  });
});

test('a file that has the inode of one that was removed is another one (R800)', async () => {
  const { inbox, open, path } = await killedInBetween();
  const ledger = await open();
  const { trace, ...record } = onlyOne(ledger);
  const lookAs = (born: number | undefined) =>
    lookForFile({ ...record, trace: { ...trace, born } }, { files, inbox, ledger });
  expect(await lookAs((trace.born ?? 0) - 1)).toBeUndefined();
  // An earlier version did not write it, and some disks do not tell.
  for (const born of [undefined, 0]) {
    expect(await lookAs(born)).toEqual({ path, size: 10, isUnchanged: true });
  }
});
