import * as files from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { FolderInUse } from '../../transfer/inbox-errors.js';
import { checkOwnDirectory } from '../directories.js';
import { type FolderLock, type LockOptions, lockFolder } from './folder-lock.js';
import { systemProcesses } from './processes.js';

/** Others hold the lock as long as it takes to write a file, or to have a keyring forget a password. */
const LOCK_TRIES = 200;
const LOCK_PAUSE_MS = 50;
/** A person is told what is waited for only where it is not over in a moment. */
const TRIES_UNTOLD = 20;

const LOCKING = {
  ...{ files, processes: systemProcesses, now: Date.now },
  sleep: (ms: number, signal: AbortSignal, { ref } = { ref: false }) =>
    setTimeout(ms, undefined, { signal, ref }),
};

/** How a lock is waited for. */
export type Waiting = Pick<LockOptions, 'warn' | 'signal'>;

/**
 * Does it while no other process has this lock, for which `warn` hears of a wait that lasts a second. Rejects with
 * `FolderInUse` where one of this machine keeps it for 10 s; one that cannot be asked for from here is waited for until it
 * has given no sign of life for 30 s; with `NoFileOfOurs` where the folder is another user's. Rejects with the signal's reason where that comes before the lock; what has begun is
 * done to its end.
 */
export async function whileLocked<T>(
  folder: string,
  job: () => Promise<T>,
  { warn, signal = new AbortController().signal }: Waiting = {},
): Promise<T> {
  await checkOwnDirectory(files, folder);
  const lock = await lockInTime({ known: folder, warn, signal });
  try {
    signal.throwIfAborted();
    return await job();
  } finally {
    await lock.release();
  }
}

async function lockInTime(
  options: Required<Pick<LockOptions, 'known' | 'signal'>> & Pick<LockOptions, 'warn'>,
): Promise<FolderLock> {
  const { known, signal, warn } = options;
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    try {
      return await lockFolder(known, LOCKING, tries === 1 ? options : { known, signal });
    } catch (error) {
      if (!(error instanceof FolderInUse) || tries === LOCK_TRIES) throw error;
      if (tries === TRIES_UNTOLD) warn?.(`${error.message}; waiting until it is free`);
      await setTimeout(LOCK_PAUSE_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
