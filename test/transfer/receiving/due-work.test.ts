import { expect, test } from '@jest/globals';
import type { Event } from '../../../src/transfer/events.js';
import { type DoWork, DueWork } from '../../../src/transfer/receiving/due-work.js';
import type { FileRecord, Work } from '../../../src/transfer/receiving/ledger.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { MemoryInbox } from '../../support/memory-inbox.js';

const RECORD = { account: 'romeo@m', peer: 'romeo@m/orchard', offered: ['a.txt'], isDue: true };

/** An inbox with a file for each of these, as an earlier process left it. */
async function inboxWith(works: Work[]) {
  const inbox = new MemoryInbox();
  for (const work of works) {
    const partial = await inbox.createPartial();
    await partial.publish('a.txt', { record: RECORD });
    await inbox.ledger.change(partial.id, { work });
  }
  return inbox;
}

function workOn(
  inbox: MemoryInbox,
  doWork?: DoWork,
  starts: Record<number, string | Promise<string>> = {},
) {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const report = (event: Event) => event.event === 'warning' && warnings.push(event.text);
  const startOf = async (pid: number): Promise<string | undefined> => starts[pid];
  return { work: new DueWork({ inbox, doWork, startOf, report }, clock), clock, warnings };
}

const statesOf = ({ ledger }: MemoryInbox) => [...ledger.records()].map((one) => one.work?.state);
const never = new AbortController().signal;
const DUE = { state: 'due' } as const;

test('what was due when a process was killed is done at the next start, and says that it may be again (R184)', async () => {
  const inbox = await inboxWith([DUE, { state: 'done' }, { state: 'failed' }, DUE]);
  const done: [string, boolean][] = [];
  const { work } = workOn(inbox, async ({ path }, { isAgain }) => !!done.push([path, isAgain]));
  await work.doDue(never);
  expect(done).toEqual([
    ['/inbox/a.txt', true],
    ['/inbox/a (3).txt', true],
  ]);
  expect(statesOf(inbox)).toEqual(['done', 'done', 'failed', 'done']);
});

test('what is done again is told by whose key it came, as before (R538)', async () => {
  const inbox = new MemoryInbox();
  const partial = await inbox.createPartial();
  const sealed = { sealedBy: 'a'.repeat(52), trust: 'verified' } as const;
  await partial.publish('a.txt', { record: { ...RECORD, ...sealed } });
  const done: unknown[] = [];
  const { work } = workOn(inbox, async ({ sealedBy, trust }) => !!done.push({ sealedBy, trust }));
  await work.doDue(never);
  expect(done).toEqual([sealed]);
});

test('without --exec it stays due, and is told (R184)', async () => {
  const inbox = await inboxWith([DUE]);
  const { work, warnings } = workOn(inbox);
  await work.doDue(never);
  expect(statesOf(inbox)).toEqual(['due']);
  expect(warnings).toEqual([
    '1 file still waits for --exec, which is not given; "inband received" lists them',
  ]);
});

test('of several that stay due it is told how many', async () => {
  const { work, warnings } = workOn(await inboxWith([DUE, DUE]));
  await work.doDue(never);
  expect(warnings).toEqual([
    '2 files still wait for --exec, which is not given; "inband received" lists them',
  ]);
});

test('a file that is not there any more is gone, and nothing is done for it (R184)', async () => {
  const inbox = await inboxWith([DUE]);
  inbox.files.clear();
  const { work } = workOn(inbox, () => Promise.reject(new Error('it was done')));
  await work.doDue(never);
  expect(statesOf(inbox)).toEqual(['gone']);
});

test('nothing is done for another file in its place (R800)', async () => {
  const inbox = await inboxWith([{ state: 'failed' }]);
  inbox.replaced.add('a.txt');
  const { work, warnings } = workOn(inbox, () => Promise.reject(new Error('it was done')));
  await work.redoFailed(never);
  expect(statesOf(inbox)).toEqual(['gone']);
  expect(warnings).toEqual(['a.txt is not there any more: nothing is done for it']);
});

test('what was changed since it arrived is done without the hash that it had (R800)', async () => {
  const inbox = await inboxWith([DUE]);
  inbox.files.set('a.txt', Buffer.from('mine'));
  const done: unknown[] = [];
  const { work, warnings } = workOn(inbox, async (file) => !!done.push(file));
  await work.doDue(never);
  expect(done).toMatchObject([{ path: '/inbox/a.txt', size: 4, sha256: undefined }]);
  expect(statesOf(inbox)).toEqual(['done']);
  expect(warnings).toEqual(['a.txt was changed since it arrived: --exec is told no hash of it']);
});

test('a program that runs still is waited for, and then what it was to do is done again (R184)', async () => {
  const inbox = await inboxWith([{ state: 'due', program: { pid: 7, start: 'then' } }, DUE]);
  const starts: Record<number, string> = { 7: 'then' };
  const done: string[] = [];
  const { work, clock } = workOn(inbox, async ({ path }) => !!done.push(path), starts);
  const ended = work.doDue(never);
  await settled();
  expect(done).toEqual(['/inbox/a (1).txt']);
  // Another one has its id.
  starts[7] = 'now';
  await clock.advance(1_000);
  await ended;
  expect(done).toEqual(['/inbox/a (1).txt', '/inbox/a.txt']);
});

test('what fails stays so, and is done again when somebody asks (R184)', async () => {
  const inbox = await inboxWith([DUE]);
  let isGood = false;
  const { work, warnings } = workOn(inbox, async () => {
    if (!isGood) throw new Error('exit 1');
    return true;
  });
  expect(await work.doDue(never)).toEqual({ done: 0, failed: 1 });
  expect(statesOf(inbox)).toEqual(['failed']);
  expect(warnings).toEqual(['exit 1']);
  await work.doDue(never);
  expect(statesOf(inbox)).toEqual(['failed']);
  isGood = true;
  expect(await work.redoFailed(never)).toEqual({ done: 1, failed: 0 });
  expect(statesOf(inbox)).toEqual(['done']);
});

test('a request that a killed process had taken is ended, so that nobody waits for it (R1230)', async () => {
  const inbox = await inboxWith([]);
  let isTaken = true;
  inbox.endRequest = async () => {
    isTaken = false;
  };
  const stop = new AbortController();
  const over = workOn(inbox).work.makeUp(stop.signal);
  await settled();
  expect(isTaken).toBe(false);
  stop.abort();
  await over;
});

test('what is left to itself stays due, with its process (R184)', async () => {
  const inbox = await inboxWith([DUE]);
  const doWork: DoWork = async (_arrival, { onStarted }) => {
    onStarted(7);
    await settled();
    return false;
  };
  await workOn(inbox, doWork, { 7: 'then' }).work.doDue(never);
  const [record] = [...inbox.ledger.records()] as [FileRecord];
  expect(record.work).toEqual({ state: 'due', program: { pid: 7, start: 'then' } });
});

test.each([
  ['done', async (): Promise<boolean> => true],
  ['failed', (): Promise<boolean> => Promise.reject(new Error('exit 1'))],
] as const)(
  'what is %s stays so, though it is known only then when its program started (R400)',
  async (state, ending) => {
    const inbox = await inboxWith([DUE]);
    const { ledger } = inbox;
    let isWritten: () => void = () => undefined;
    const writing = new Promise<void>((resolve) => {
      isWritten = resolve;
    });
    let isKnown: (start: string) => void = () => undefined;
    const start = new Promise<string>((resolve) => {
      isKnown = resolve;
    });
    // As on a disk: a change counts at once, and is written later.
    const change = ledger.change.bind(ledger);
    ledger.change = (...changes) => change(...changes).then(() => writing);
    const doWork: DoWork = async (_arrival, { onStarted }) => {
      onStarted(7);
      return ending();
    };
    const over = workOn(inbox, doWork, { 7: start }).work.doDue(never);
    await settled();
    expect(statesOf(inbox)).toEqual([state]);
    isKnown('then');
    await settled();
    isWritten();
    await over;
    expect(statesOf(inbox)).toEqual([state]);
  },
);
