import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Context } from '../../../src/commands/context.js';
import { execAgain } from '../../../src/commands/receive/exec-again.js';
import type { FileRecord } from '../../../src/transfer/receiving/ledger.js';
import type { Reporter } from '../../../src/ui/report.js';

const FAILED = { id: '1', path: 'a.txt', work: { state: 'failed' } } as FileRecord;

async function* recordsOf(...records: FileRecord[]) {
  yield* records;
}

/** Asks a daemon that is there, or not, at each look in turn, and has done it at the last one. */
async function asking(looks: boolean[], exec?: string) {
  let isDone = false;
  const opened: string[] = [];
  const told: string[] = [];
  const context: Partial<Context> = {
    signal: new AbortController().signal,
    isReceiving: async () => {
      const isThere = looks.shift();
      isDone ||= looks.length === 0;
      return isThere ?? true;
    },
    askAgain: async () => undefined,
    isAskedAgain: async () => !isDone,
    openInbox: async (dir) => {
      opened.push(dir);
      throw new Error('it was taken');
    },
    readRecords: () => recordsOf({ ...FAILED, work: { state: 'done' } }),
  };
  const reporter: Partial<Reporter> = {
    warn: (text) => void told.push(text),
    report: (event) => void ('text' in event && told.push(event.text)),
  };
  const outcome = await execAgain(
    recordsOf(FAILED),
    { dir: 'inbox', ...(exec === undefined ? {} : { exec }) },
    context as Context,
    reporter as Reporter,
  ).then(
    () => 'done',
    ({ message }: Error) => message,
  );
  return { outcome, opened, told };
}

const ASKED = 'asked the "inband receive" that has the folder to run --exec for 1 file';

test.each([
  [undefined, ASKED],
  ['/bin/true', `${ASKED}: its own, and not /bin/true`],
])(
  'a daemon that is started anew is waited for, and keeps its folder, with --exec %s, which is said to be for nothing (R1232, R1335)',
  async (exec, asked) => {
    expect(await asking([true, true, false, false, true], exec)).toEqual({
      outcome: 'done',
      opened: [],
      told: [asked, '--exec has succeeded for 1 file'],
    });
  },
);

test('where nobody receives, the folder is taken only for what is to be run (R1232)', async () => {
  expect(await asking([false, true])).toEqual({
    outcome: 'nobody receives into the folder',
    opened: [],
    told: [],
  });
  expect(await asking([false, true], '/bin/true')).toEqual({
    outcome: 'it was taken',
    opened: ['inbox'],
    told: [],
  });
});

test('a folder that can no longer be looked at fails the command, and not the process (R1262)', async () => {
  const lost = new Error('the disk is away');
  const unheard: unknown[] = [];
  const onUnheard = (error: unknown) => unheard.push(error);
  process.on('unhandledRejection', onUnheard);
  let looks = 0;
  const context: Partial<Context> = {
    signal: new AbortController().signal,
    isReceiving: async () => {
      looks += 1;
      if (looks > 1) throw lost;
      return true;
    },
    askAgain: async () => undefined,
    // Unheard rejections are told before the next turn of the event loop.
    isAskedAgain: async () => {
      await setImmediate();
      await setImmediate();
      return true;
    },
  };
  const reporter = { warn: () => undefined, report: () => undefined } as unknown as Reporter;
  try {
    const asked = execAgain(recordsOf(FAILED), { dir: 'inbox' }, context as Context, reporter);
    await expect(asked).rejects.toBe(lost);
    expect(unheard).toEqual([]);
  } finally {
    process.off('unhandledRejection', onUnheard);
  }
});
