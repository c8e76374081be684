import type * as fs from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { FolderRecords, WrittenFolders } from '../../../src/storage/ledger/folder-records.js';
import { MadeFolders } from '../../../src/storage/naming/made-folders.js';
import { NoFolder } from '../../../src/transfer/inbox-errors.js';
import { tappedFiles } from '../tapped-files.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();
const OWNER = { account: 'romeo@montague.example' };
/** A folder that takes more room than is left. */
const DEEP = Array.from({ length: 40 }, (_, depth) => `${depth}`.padEnd(1000, 'x'));
const LEFT_BYTES = 60_000;

/** Records of files in folders, so that these are not forgotten, up to nearly as many as there may be. */
function nearlyFull(): FolderRecords {
  const records = new FolderRecords();
  for (let count = 0; records.hasRoom(OWNER.account, LEFT_BYTES); count += 1) {
    const [path, offered] = [`${count}`, [`${count}`.padEnd(1000, 'x')]];
    const trace = { inode: count, born: 0 };
    records.put({ ...OWNER, id: `${count}`, offered, path, at: new Date(0), trace });
  }
  return records;
}

test('folders that are gone are not looked for while another one is being made (R646)', async () => {
  const inbox = await temporaryFolder();
  const records = nearlyFull();
  const forgotten: string[] = [];
  const written = new WrittenFolders(records, async (line) => {
    if (line.includes('removed')) forgotten.push(line);
  });
  let isMaking = () => {};
  let make = () => {};
  const making = new Promise<void>((resolve) => {
    isMaking = resolve;
  });
  const mayMake = new Promise<void>((resolve) => {
    make = resolve;
  });
  const files = tappedFiles(async ({ operation }, run) => {
    if (operation === 'mkdir') isMaking();
    if (operation === 'mkdir') await mayMake;
    return run();
  }) as typeof fs;
  const all = [...records.all()].map(({ path }) => ({ path: `${path}/a` }));
  const folders = new MadeFolders({
    ...{ files, inbox, written, now: () => 0 },
    records: () => all as never,
  });
  const made = folders.make(OWNER, ['photos']);
  await making;
  const { id = '' } = records.find(OWNER, ['photos']) ?? {};
  const checked = expect(folders.check(OWNER, DEEP, 'a')).rejects.toThrow(
    new NoFolder('there are too many folders of its sender'),
  );
  for (let turn = 0; turn < 200; turn += 1) await stat(inbox);
  expect(forgotten.filter((line) => line.includes(id))).toEqual([]);
  make();
  await Promise.all([made, checked]);
  expect(forgotten).toEqual([]);
});
