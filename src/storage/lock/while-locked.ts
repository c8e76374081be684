import * as files from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { FolderInUse } from '../../transfer/inbox-errors.js';
import { checkOwnDirectory } from '../directories.js';
import { type FolderLock, type Locking, type LockOptions, lockFolder } from './folder-lock.js';
import { systemProcesses } from './processes.js';

/**
 * How long it may take that somebody has it who lives: others hold it as long as it takes to write a file, or to have a
 * keyring forget a password.
 */
const LOCK_MS = 10_000;
const LOCK_PAUSE_MS = 50;
/** A person is told what is waited for only where it is not over in a moment. */
const UNTOLD_MS = 1_000;

const LOCKING = {
  ...{ files, processes: systemProcesses, now: Date.now },
  sleep: (ms: number, signal: AbortSignal, { ref } = { ref: false }) =>
    setTimeout(ms, undefined, { signal, ref }),
};

/** How a lock is waited for. */
export type Waiting = Pick<LockOptions, 'warn' | 'signal'>;

/**
 * Does it while no other process has this lock, for which `warn` hears of a wait that lasts a second. Rejects with
 * `FolderInUse` after 10 s, if whoever has it lives; one that cannot be asked for from here is waited for until it gives a
 * sign of life, or has given none for 30 s, if that takes longer. Rejects with `NoFileOfOurs` where the folder is another
 * user's, and with the signal's reason where that comes before the lock; what has begun is done to its end.
 */
export async function whileLocked<T>(
  folder: string,
  job: () => Promise<T>,
  { warn, signal = new AbortController().signal }: Waiting = {},
  locking: Locking = LOCKING,
): Promise<T> {
  await checkOwnDirectory(files, folder);
  const got = new AbortController();
  const lock = await lockInTime({ known: folder, warn, signal }, locking, got.signal).finally(() =>
    got.abort(),
  );
  try {
    signal.throwIfAborted();
    return await job();
  } finally {
    await lock.release();
  }
}

/** `got`: aborted when nothing is waited for any more. */
async function lockInTime(
  options: Required<Pick<LockOptions, 'known' | 'signal'>> & Pick<LockOptions, 'warn'>,
  locking: Locking,
  got: AbortSignal,
): Promise<FolderLock> {
  const { known, signal, warn } = options;
  const [long, late] = [new AbortController(), new AbortController()];
  let inUse: FolderInUse | undefined;
  after(UNTOLD_MS, locking, got, () => long.abort());
  after(LOCK_MS, locking, got, () => late.abort(inUse));
  // A holder that was seen alive is not watched until its next sign of life.
  const watched = { known, signal: AbortSignal.any([signal, late.signal]) };
  for (let tell = warn; ; ) {
    signal.throwIfAborted();
    try {
      return await lockFolder(known, locking, inUse ? watched : options);
    } catch (error) {
      if (!(error instanceof FolderInUse) || late.signal.aborted) throw error;
      inUse = error;
      if (long.signal.aborted) {
        tell?.(`${error.message}; waiting up to ${LOCK_MS / 1000} s until it is free`);
        tell = undefined;
      }
      await locking
        .sleep(LOCK_PAUSE_MS, signal, { ref: true })
        .catch(() => signal.throwIfAborted());
    }
  }
}

function after(ms: number, { sleep }: Locking, signal: AbortSignal, act: () => void): void {
  void sleep(ms, signal).then(act, () => undefined);
}
