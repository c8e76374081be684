import { spawn } from 'node:child_process';
import * as files from 'node:fs/promises';
import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { lookBelow, traceOf } from '../../../src/storage/trace.js';
import type { FileRecord, Ledger } from '../../../src/transfer/receiving/ledger.js';
import { recordOf } from '../../transfer/receiving/ledger-suite.js';
import { failingFiles, tappedFiles } from '../tapped-files.js';
import { inboxesWithLedger } from './inboxes-with-ledger.js';

const emptyInbox = inboxesWithLedger();

const all = (ledger: Ledger) => [...ledger.records()];

test('what was written is there at the next start, as it was (R181)', async () => {
  const { open, path } = await emptyInbox();
  const ledger = await open();
  const work = { state: 'failed', program: { pid: 3, start: 'today' } } as const;
  const records = [recordOf(), recordOf({ work: { state: 'due' } }), recordOf()];
  for (const record of records) await ledger.add(record);
  await ledger.change(records[1]?.id ?? '', { work });
  await ledger.remove(records[2]?.id ?? '');
  expect(all(await open())).toEqual([records[0], { ...records[1], work }]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('where nothing arrived no file is made', async () => {
  const { open, staging } = await emptyInbox();
  await open();
  expect(await readdir(staging)).toEqual([]);
});

test('a line that is cut off is left out, and written over (R182)', async () => {
  const { open, path, warnings } = await emptyInbox();
  const ledger = await open();
  const records = [recordOf(), recordOf(), recordOf()];
  await ledger.add(records[0] as FileRecord);
  await ledger.add(records[1] as FileRecord);
  await truncate(path, (await stat(path)).size - 10);
  const again = await open();
  expect(all(again)).toEqual([records[0]]);
  await again.add(records[2] as FileRecord);
  expect(all(await open())).toEqual([records[0], records[2]]);
  expect(warnings).toEqual([]);
});

test.each([
  ['zeros', Buffer.alloc(100)],
  ['zeros in a line', Buffer.from(`${'\0'.repeat(30)}\n`)],
  ['no record', Buffer.from('{"id":"../../x"}\n')],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x0a])],
])(
  'after %s in the middle, what can be read is kept, and the file as it was (R182)',
  async (_what, bytes) => {
    const { open, path, staging, warnings } = await emptyInbox();
    const records = [recordOf(), recordOf()];
    const ledger = await open();
    await ledger.add(records[0] as FileRecord);
    await appendFile(path, bytes);
    await appendFile(path, `\n${JSON.stringify(records[1])}\n`);
    const damaged = await readFile(path);
    expect(all(await open())).toEqual(records);
    expect(warnings).toEqual([
      `${path} was damaged: what could be read of it is kept, and the file as it was is ${join(staging, 'ledger.damaged')}`,
    ]);
    expect(await readFile(join(staging, 'ledger.damaged'))).toEqual(damaged);
    expect(all(await open())).toEqual(records);
    expect(warnings).toHaveLength(1);
  },
);

test('a path that leads out of the inbox, or is hidden, is no record', async () => {
  const { open, path, warnings } = await emptyInbox();
  await (await open()).add(recordOf());
  const lines = ['../a', '/a', 'a/../b', '.a', 'a/.b', 'a//b', ''].map((one) =>
    JSON.stringify(recordOf({ path: one })),
  );
  await appendFile(path, `${lines.join('\n')}\n`);
  expect(all(await open())).toHaveLength(1);
  expect(warnings).toHaveLength(1);
});

test('a ledger of a newer inband is not read, and not written (R182)', async () => {
  const { open, path } = await emptyInbox();
  const text = '{"inband":"ledger","version":2}\n';
  await writeFile(path, text);
  await expect(open()).rejects.toThrow(`${path} was written by a newer inband`);
  expect(await readFile(path, 'utf8')).toBe(text);
});

test.each([
  ['a pipe', (path: string) => new Promise((done) => spawn('mkfifo', [path]).on('exit', done))],
  ['a folder', (path: string) => mkdir(path)],
  ['a link', (path: string) => files.symlink('/etc/hostname', path)],
])('%s in its place is refused', async (what, put) => {
  const { open, path } = await emptyInbox();
  await put(path);
  const words = what === 'a folder' ? 'is a folder' : 'is no ledger of inband';
  await expect(open()).rejects.toThrow(words);
});

test('it is written anew when most of its lines are of no use, and stays small (R183)', async () => {
  const { open, path } = await emptyInbox();
  const ledger = await open({ maxRecords: 10 });
  const records = Array.from({ length: 3_000 }, () => recordOf());
  await Promise.all(records.map((record) => ledger.add(record)));
  for (let count = 0; count < 1_500; count += 1) {
    await ledger.change(records.at(-1)?.id ?? '', { isArriving: undefined });
  }
  const lines = (await readFile(path, 'utf8')).split('\n').length;
  expect(lines).toBeLessThan(1_100);
  expect(all(await open({ maxRecords: 10 }))).toEqual(records.slice(-10));
});

test('many that come at once are synced together', async () => {
  let syncs = 0;
  const disk = tappedFiles((call, run) => {
    if (call.operation === 'handle.datasync') syncs += 1;
    return run();
  });
  const { open } = await emptyInbox();
  const ledger = await open({}, disk);
  await ledger.add(recordOf());
  await Promise.all(Array.from({ length: 50 }, () => ledger.add(recordOf())));
  expect(syncs).toBeLessThan(5);
  expect(all(await open())).toHaveLength(51);
});

test('what could not be written is not remembered, and what comes after it is (R181)', async () => {
  let isFull = false;
  const { open } = await emptyInbox();
  const ledger = await open(
    {},
    failingFiles('handle.write', 'ENOSPC', () => isFull),
  );
  const [first, second, third] = [recordOf(), recordOf(), recordOf()];
  await ledger.add(first);
  isFull = true;
  await expect(ledger.add(second)).rejects.toMatchObject({ code: 'ENOSPC' });
  isFull = false;
  await ledger.add(third);
  expect(all(ledger)).toEqual([first, third]);
  expect(all(await open())).toEqual([first, third]);
});

test('a ledger that somebody has removed is written anew with the next file', async () => {
  const { open, path } = await emptyInbox();
  const ledger = await open();
  const records = [recordOf(), recordOf()];
  await ledger.add(records[0] as FileRecord);
  await rm(path);
  await ledger.add(records[1] as FileRecord);
  expect(all(await open())).toEqual(records);
});

/** As a killed process leaves it: the name of the file is written down, and it may have got it or not. */
async function killedWhileNaming() {
  const opened = await emptyInbox();
  const file = join(opened.inbox, 'a.txt');
  await writeFile(file, 'hello');
  const stats = await lookBelow(files, opened.inbox, 'a.txt');
  if (!stats) throw new Error('it was written');
  const record = recordOf({ trace: { ...traceOf(stats), changed: 0 }, isArriving: true });
  await (await opened.open()).add(record);
  return { ...opened, file, record };
}

test('of a file that has its name the record is completed at the next start, once (R181)', async () => {
  const { open, file, record } = await killedWhileNaming();
  const { changed } = traceOf(await stat(file));
  const completed = { ...record, isArriving: undefined, trace: { ...record.trace, changed } };
  expect(all(await open())).toEqual([completed]);
  await writeFile(file, 'other');
  const { isArriving, ...others } = completed;
  expect(all(await open())).toEqual([others]);
});

test.each<[string, (file: string) => Promise<unknown>]>([
  ['is not there', (file) => rm(file)],
  ['has another name', (file) => rename(file, `${file}.old`)],
  [
    'is another one',
    async (file) => {
      await rename(file, `${file}.old`);
      await writeFile(file, 'hello');
    },
  ],
  ['has grown', (file) => appendFile(file, '!')],
])('the record of a file that %s is withdrawn at the next start (R181)', async (_what, change) => {
  const { open, file, inbox } = await killedWhileNaming();
  await change(file);
  const before = await readdir(inbox);
  expect(all(await open())).toEqual([]);
  expect(await readdir(inbox)).toEqual(before);
  expect(all(await open())).toEqual([]);
});
