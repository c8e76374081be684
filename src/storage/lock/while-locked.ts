import * as files from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { FolderInUse } from '../../transfer/inbox-errors.js';
import { type FolderLock, lockFolder } from './folder-lock.js';
import { systemProcesses } from './processes.js';

/** Others hold the lock as long as it takes to write a file. */
const LOCK_TRIES = 200;
const LOCK_PAUSE_MS = 50;

const LOCKING = {
  ...{ files, processes: systemProcesses, now: Date.now },
  sleep: (ms: number, signal: AbortSignal, { ref } = { ref: false }) =>
    setTimeout(ms, undefined, { signal, ref }),
};

/**
 * Does it while no other process has this lock. Rejects with `FolderInUse` where one of this machine keeps it for 10 s; one
 * that cannot be asked for from here is waited for until it has given no sign of life for 30 s.
 */
export async function whileLocked<T>(folder: string, job: () => Promise<T>): Promise<T> {
  const lock = await lockInTime(folder);
  try {
    return await job();
  } finally {
    await lock.release();
  }
}

async function lockInTime(folder: string): Promise<FolderLock> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await lockFolder(folder, LOCKING);
    } catch (error) {
      if (!(error instanceof FolderInUse) || tries === LOCK_TRIES) throw error;
      await setTimeout(LOCK_PAUSE_MS);
    }
  }
}
