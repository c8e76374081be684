import { randomUUID } from 'node:crypto';
import { appendFile, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { FolderRecords } from '../../../src/storage/ledger/folder-records.js';
import { replay } from '../../../src/storage/ledger/ledger-on-disk.js';
import { listRecords } from '../../../src/storage/ledger/list-records.js';
import { MemoryLedger } from '../../../src/storage/ledger/memory-ledger.js';
import { folderLine, readLine } from '../../../src/storage/ledger/record-lines.js';
import type { FileRecord, Ledger } from '../../../src/transfer/receiving/ledger.js';
import { NOW, recordOf } from '../../transfer/receiving/ledger-suite.js';
import { tappedFiles } from '../tapped-files.js';
import { inboxesWithLedger } from './inboxes-with-ledger.js';

const emptyInbox = inboxesWithLedger();
const all = (ledger: Ledger) => [...ledger.records()];

async function listed(inbox: string, warn: (text: string) => void = () => undefined) {
  const records: FileRecord[] = [];
  for await (const record of listRecords(inbox, warn)) records.push(record);
  return records;
}

describe('a ledger of any size', () => {
  /** What is read and written at a time, in bytes. */
  function countingDisk() {
    const largest = { read: 0, written: 0 };
    const disk = tappedFiles(async ({ operation, args }, run) => {
      const result = await run();
      if (operation === 'handle.readFile') largest.read = Number.POSITIVE_INFINITY;
      if (operation === 'handle.read') {
        largest.read = Math.max(largest.read, (result as { bytesRead: number }).bytesRead);
      }
      if (operation === 'handle.writeFile') {
        largest.written = Math.max(largest.written, (args[0] as Buffer).length);
      }
      return result;
    });
    return { disk, largest };
  }

  test('is read and written in pieces (R403)', async () => {
    const { open, path } = await emptyInbox();
    const { disk, largest } = countingDisk();
    const ledger = await open();
    const records = Array.from({ length: 2_000 }, (_, index) => recordOf({ path: `${index}` }));
    await Promise.all(records.map((record) => ledger.add(record)));
    const again = await open({}, disk);
    expect(all(again)).toEqual(records);
    await rm(path);
    await again.remove(records[0]?.id ?? '');
    expect(all(await open())).toEqual(records.slice(1));
    expect(largest.read).toBeLessThanOrEqual(2 ** 18);
    expect(largest.written).toBeLessThan(2 ** 17);
    expect(largest.written).toBeGreaterThan(0);
  });

  test.each([
    ['zeros', ''],
    ['one endless line', '{"id":"'],
  ])('is none, and left as it is, where it is but %s (R403)', async (_what, begin) => {
    const { open, path, inbox } = await emptyInbox();
    const { disk, largest } = countingDisk();
    await writeFile(path, begin);
    await truncate(path, 20_000_000);
    await expect(open({}, disk)).rejects.toThrow('is no ledger of inband');
    await expect(listed(inbox)).rejects.toThrow('is no ledger');
    expect((await stat(path)).size).toBe(20_000_000);
    expect(largest.read).toBeLessThanOrEqual(2 ** 18);
  });

  test('is listed whole, though it is more than is kept in memory (R705)', async () => {
    const { open, path, inbox } = await emptyInbox();
    const ledger = await open();
    await ledger.add(recordOf());
    await ledger.remove((await listed(inbox))[0]?.id ?? '');
    const offered = Array.from({ length: 20 }, () => 'x'.repeat(1_000));
    // More than the 64 MiB of an account.
    for (let index = 0; index < 3_500; index += 1) {
      await appendFile(path, `${JSON.stringify(recordOf({ offered, path: `${index}` }))}\n`);
    }
    let count = 0;
    for await (const record of listRecords(inbox, () => undefined)) {
      expect(record.path).toBe(join(inbox, `${count}`));
      count += 1;
    }
    expect(count).toBe(3_500);
  });

  test('is listed in the order in which files arrived, as each record is by now (R705)', async () => {
    const { open, inbox } = await emptyInbox();
    const ledger = await open();
    const records = Array.from({ length: 2_000 }, (_, index) =>
      recordOf({ path: `${index}`, offered: ['y'.repeat(500)] }),
    );
    for (const record of records) await ledger.add(record);
    const [first, second, third] = records as [FileRecord, FileRecord, FileRecord];
    await ledger.change(first.id, { work: { state: 'done' } });
    await ledger.remove(second.id);
    const shown = await listed(inbox);
    expect(shown.map(({ id }) => id)).toEqual([first, ...records.slice(2)].map(({ id }) => id));
    expect(shown[0]?.work?.state).toBe('done');
    expect(shown[1]?.path).toBe(join(inbox, third.path));
  });

  test('loses only the line that is longer than any of ours (R403)', async () => {
    const { open, path, warnings, inbox, staging } = await emptyInbox();
    const records = [recordOf(), recordOf({ path: 'b' })];
    await (await open()).add(records[0] as FileRecord);
    await appendFile(path, JSON.stringify(recordOf({ offered: ['x'.repeat(70_000)] })));
    await appendFile(path, `\n${JSON.stringify(records[1])}\n`);
    const told: string[] = [];
    const shown = await listed(inbox, (text) => told.push(text));
    expect(shown.map(({ id }) => id)).toEqual(records.map(({ id }) => id));
    expect(told).toEqual([`${path} is damaged: what can be read of it is shown`]);
    const damaged = await readFile(path);
    expect(all(await open())).toEqual(records);
    expect(warnings).toEqual([expect.stringContaining('was damaged')]);
    expect(await readFile(join(staging, 'ledger.damaged'))).toEqual(damaged);
  });

  test('gives folders no more memory than they may take (R401)', async () => {
    const { open, path } = await emptyInbox();
    await open().then((ledger) => ledger.add(recordOf()));
    const at = new Date(NOW);
    const long = `${'x'.repeat(250)}/`.repeat(60);
    const linesOf = (account: string) =>
      Array.from({ length: 500 }, (_, index) =>
        folderLine({
          id: randomUUID(),
          account,
          offered: [`${index}`],
          path: `${long}${index}`,
          at,
        }),
      );
    await appendFile(path, [...linesOf('romeo@m'), ...linesOf('juliet@m')].join(''));
    const records = new FolderRecords();
    const memory = new MemoryLedger();
    for (const line of (await readFile(path, 'utf8')).split('\n')) {
      const read = readLine(line);
      if (read) replay(read, memory, records);
    }
    expect(records.bytes).toBeLessThan(21 * 1024 * 1024);
    expect(records.hasRoom('romeo@m')).toBe(false);
    expect(records.hasRoom('mercutio@m')).toBe(true);
  });
});
