// What `main` hands to the commands of disk and network. It is imported when a command first needs any of it.
import { createRegistry, openCache } from './blobs-on-disk.js';
import type { Context } from './commands/context.js';
import { contactsPath } from './folders.js';
import { limitHeap } from './heap.js';
import { openKeys, openTrust } from './keys-on-disk.js';
import { connect } from './session/connect.js';
import { ContactList } from './storage/contact-list.js';
import { openInbox } from './storage/inbox/inbox.js';
import { isRequested, putRequest } from './storage/inbox/requests.js';
import { ArchiveMarksOnDisk } from './storage/ledger/archive-marks.js';
import { listRecords } from './storage/ledger/list-records.js';
import { isReceiving } from './storage/lock/is-receiving.js';
import { systemProcesses } from './storage/lock/processes.js';
import { type Waiting, whileLocked } from './storage/lock/while-locked.js';
import { saveFile } from './storage/save-file.js';
import { writeWhole } from './storage/whole-file.js';

type World = Pick<
  Context,
  | 'connect'
  | 'openInbox'
  | 'readRecords'
  | 'openMarks'
  | 'askAgain'
  | 'isAskedAgain'
  | 'isReceiving'
  | 'startOf'
  | 'createRegistry'
  | 'openCache'
  | 'openKeys'
  | 'openTrust'
  | 'contacts'
  | 'saveFile'
  | 'writeSecret'
  | 'whileLocked'
>;

/** `warn` hears what another process is waited for. */
export function createWorld({
  env,
  signal,
  warn,
}: Pick<Context, 'env' | 'signal'> & Waiting): World {
  const waiting = { signal, warn };
  return {
    connect: async (options) => {
      const session = await connect(options);
      limitHeap();
      return session;
    },
    openInbox: async (directory, options) => openInbox(directory, options),
    readRecords: (directory, warn) => listRecords(directory, warn),
    openMarks: async (directory) => new ArchiveMarksOnDisk(directory),
    askAgain: (directory) => putRequest(directory),
    isAskedAgain: (directory) => isRequested(directory),
    isReceiving: (directory, until) =>
      isReceiving(directory, until ? AbortSignal.any([signal, until]) : signal),
    startOf: (pid) => systemProcesses.startOf(pid),
    createRegistry: async () => createRegistry(),
    openCache: async () => openCache(),
    openKeys: async () => openKeys(waiting),
    openTrust: async () => openTrust(waiting),
    contacts: new ContactList(contactsPath(env)),
    saveFile: (bytes, where) => saveFile(bytes, where, signal),
    writeSecret: (path, text) => writeWhole(path, text),
    whileLocked: (folder, job) => whileLocked(folder, job, waiting),
  };
}
