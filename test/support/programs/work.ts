import { type DoWork, DueWork } from '../../../src/transfer/receiving/due-work.js';
import type { Inbox } from '../../../src/transfer/receiving/inbox.js';

/** What is done for the files of an inbox, on a system where no process of before runs. */
export const workFor = (inbox: Inbox, doWork?: DoWork): DueWork =>
  new DueWork({ inbox, doWork, startOf: async () => undefined, report: () => undefined });
