import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openInbox, type System } from '../../../src/storage/inbox/inbox.js';
import type { Inbox, PartialFile, WantedPartial } from '../../../src/transfer/receiving/inbox.js';
import { type Fault, FaultyDisk } from '../faulty-disk.js';
import { loneProcess } from '../lone-process.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

const BLOCK = 1000;
/** Two before the cut, of which the second one is cut short, and two behind: each more would be the same calls again. */
const BLOCKS = 3;
const CUT_AT = 1500;
const CONTENT = Buffer.concat(
  Array.from({ length: BLOCKS }, (_, index) => Buffer.alloc(BLOCK, `block ${index} `)),
);
const KEEPABLE = { identity: 'alice, all of it', name: 'a.txt', size: CONTENT.length };
const UNNAMED = {};
const RECORD = { account: 'alice@b', peer: 'alice@b/c', offered: ['a.txt'], isDue: true };
const DATE = new Date('2001-02-03T04:05:06Z');
const FAR_MORE_THAN_EVER = 100_000;
/** Each waits for the disk half of its time. */
const AT_A_TIME = 4;

interface Scene {
  fault: Fault;
  hardLinks: boolean;
  wanted: WantedPartial;
}

interface Outcome {
  /** What `keep` said was kept. */
  kept?: number;
  path?: string;
  error?: Error;
}

/** A process of its own on the disk: processes before it are dead. Each write is long after the last one. */
function systemOn(disk: FaultyDisk, pid: number): System {
  let late = 0;
  return {
    files: disk.files,
    processes: loneProcess(pid),
    now: () => {
      late += 3000;
      return Date.now() + (late % 30_000);
    },
  };
}

async function writeTo(partial: PartialFile, end: number): Promise<void> {
  for (let at = partial.offset; at < end; at += BLOCK) {
    await partial.write(CONTENT.subarray(at, Math.min(at + BLOCK, end)));
  }
}

/** Receives the file in two goes, as a transfer would; what fails is kept. */
async function receive(
  folder: string,
  wanted: WantedPartial,
  system: System,
  outcome: Outcome,
): Promise<void> {
  const inbox = await openInbox(folder, {}, system);
  let partial: PartialFile | undefined;
  try {
    partial = await inbox.createPartial(wanted);
    await writeTo(partial, CUT_AT);
    await partial.keep();
    outcome.kept = wanted.identity ? CUT_AT : 0;
    partial = await inbox.createPartial(wanted);
    await writeTo(partial, CONTENT.length);
    outcome.path = await partial.publish('a.txt', { date: DATE, record: RECORD });
  } catch (error) {
    outcome.error = error as Error;
    await partial?.keep().catch(() => undefined);
  } finally {
    await inbox.close();
  }
}

/** Jest would compare them byte by byte. */
const hasArrived = async (path: string) => CONTENT.equals(await readFile(path));

/** Throws when a name in the inbox is not that of the whole file. Returns how many there are. */
async function checkNames(folder: string, isEmptyAllowed = false): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name !== '.inband');
  const contents = await Promise.all(names.map((name) => readFile(join(folder, name))));
  const whole = contents.filter((content) => content.equals(CONTENT));
  const empty = contents.filter((content) => content.length === 0 && isEmptyAllowed);
  if (whole.length + empty.length < names.length) throw new Error(`not whole: ${names}`);
  return whole.length;
}

/** Each file that arrived has its record, and each record its file: what is to be done for it is not lost. */
async function checkRecords(folder: string, inbox: Inbox, arrived: number): Promise<void> {
  const records = [...inbox.ledger.records()];
  expect(records.map(({ work, isArriving }) => [work, isArriving])).toEqual(
    Array.from({ length: arrived }, () => [{ state: 'due' }, undefined]),
  );
  for (const record of records) {
    const unchanged = { path: join(folder, 'a.txt'), size: CONTENT.length, isUnchanged: true };
    expect(await inbox.look(record)).toEqual(unchanged);
  }
}

/** One fault, and then a fresh start. Returns whether the fault came at all. */
async function survives(n: number, { fault, hardLinks, wanted }: Scene): Promise<boolean> {
  const folder = await temporaryFolder();
  const disk = new FaultyDisk(n, fault, hardLinks);
  const outcome: Outcome = {};
  const ended = receive(folder, wanted, systemOn(disk, 1), outcome).catch((error) => {
    outcome.error = error;
  });
  await Promise.race([ended, disk.cut]);
  const leftOpen = disk.open;
  await disk.settle();

  const arrived = await checkNames(folder, !hardLinks && fault === 'power cut');
  if (outcome.path) expect(await hasArrived(outcome.path)).toBe(true);
  if (fault !== 'power cut') {
    expect(leftOpen).toBe(0);
    if (!outcome.path) expect(outcome.error).toMatchObject({ code: fault });
  }

  const restored = new FaultyDisk(FAR_MORE_THAN_EVER, 'EIO', hardLinks);
  const inbox = await openInbox(folder, {}, systemOn(restored, 2));
  await checkRecords(folder, inbox, arrived);
  const partial = await inbox.createPartial(wanted);
  expect(await checkNames(folder)).toBe(arrived);
  if (arrived === 0) expect(partial.offset).toBeGreaterThanOrEqual(outcome.kept ?? 0);
  await writeTo(partial, CONTENT.length);
  expect(await hasArrived(await partial.publish('a.txt'))).toBe(true);
  expect(await checkNames(folder)).toBe(arrived + 1);
  await inbox.close();
  expect((await readdir(join(folder, '.inband'))).filter((name) => !/^ledger/.test(name))).toEqual(
    [],
  );
  await restored.settle();
  return disk.wasFaulty;
}

test.each<[string, string, Scene]>([
  ['a power cut', 'kept', { fault: 'power cut', hardLinks: true, wanted: KEEPABLE }],
  [
    'a power cut without hard links',
    'kept',
    { fault: 'power cut', hardLinks: false, wanted: KEEPABLE },
  ],
  [
    'a power cut without hard links',
    'not kept',
    { fault: 'power cut', hardLinks: false, wanted: UNNAMED },
  ],
  ['EIO', 'kept', { fault: 'EIO', hardLinks: true, wanted: KEEPABLE }],
  ['EIO without hard links', 'kept', { fault: 'EIO', hardLinks: false, wanted: KEEPABLE }],
  ['EIO without hard links', 'not kept', { fault: 'EIO', hardLinks: false, wanted: UNNAMED }],
  ['ENOSPC', 'kept', { fault: 'ENOSPC', hardLinks: true, wanted: KEEPABLE }],
])(
  'after %s at any call, a file that is %s meanwhile is there whole or not at all, and comes at the next try (R3, R181)',
  async (_, __, scene) => {
    let next = 1;
    let faultless = FAR_MORE_THAN_EVER;
    const work = async () => {
      while (next < faultless) {
        const n = next++;
        if (!(await survives(n, scene))) faultless = Math.min(faultless, n);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    expect(faultless).toBeGreaterThan(scene.wanted === KEEPABLE ? 60 : 35);
  },
  180_000,
);
