import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { FolderInUse } from '../../transfer/inbox-errors.js';
import { type Files, unless } from '../files.js';
import { NoFileOfOurs } from '../own-file.js';
import { type Beating, beat, isBeating, STILL_MS } from './heartbeat.js';
import { namesIn, removeAttempt, removeHolders } from './lock-directory.js';
import { judgeHolder, nameHolder } from './lock-holder.js';
import type { Processes } from './processes.js';

export interface FolderLock {
  /** Whether it is ours still. Another one may have taken us for dead, or the folder may be gone. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** What a lock needs of the system. */
export interface Locking extends Beating {
  processes: Processes;
}

export interface LockOptions {
  /** Hears why it takes its time. */
  warn?: ((text: string) => void) | undefined;
  /** Gives up waiting. */
  signal?: AbortSignal | undefined;
  /** Hears that another process has taken the lock over, each time that it is seen. */
  onLost?: (error: FolderInUse) => void;
  /** The path by which people know what is locked. Default: the folder above, which is the inbox. */
  known?: string;
}

/** Windows: while it is open, nobody else can open it. Node has no name for this flag of libuv (UV_FS_O_EXLOCK). */
const O_EXLOCK = 0x10000000;

/**
 * Locks a folder. Rejects with FolderInUse while another process has it; that of a process which cannot be asked for
 * from here counts as left over when it has given no sign of life for 30 s.
 */
export function lockFolder(
  folder: string,
  locking: Locking,
  options: LockOptions = {},
): Promise<FolderLock> {
  return process.platform === 'win32'
    ? lockByOpening(locking.files, folder, options)
    : lockByHolder(folder, locking, options);
}

/**
 * The lock is a directory `lock` with one file, named after its holder.
 * It comes about whole, by a rename that fails where the directory is not empty; and since no two holders' files
 * have the same name, removing that of a dead one cannot hit the next holder's, however many do so at once.
 */
async function lockByHolder(
  folder: string,
  locking: Locking,
  options: LockOptions,
): Promise<FolderLock> {
  const { files, processes } = locking;
  const lock = join(folder, 'lock');
  const holder = await nameHolder(processes);
  do {
    await clear(lock, locking, options);
  } while (!(await take(files, lock, holder)));
  const path = join(lock, holder);
  const released = new AbortController();
  void beat(path, locking, released.signal).then(async () => {
    if (!released.signal.aborted) await tellIfTaken(lock, locking, options);
  });
  return {
    isHeld: async () => {
      if (await unless(['ENOENT', 'ENOTDIR', 'ELOOP'], files.lstat(path))) return true;
      await tellIfTaken(lock, locking, options);
      return false;
    },
    release: () => {
      released.abort();
      return removeHolders(files, lock, [holder]);
    },
  };
}

/**
 * Whether a process has the folder and gives signs of life, for which it waits up to 30 s. One that runs and gives none
 * hangs. On Windows, whether a process has it. Rejects with the signal's reason.
 */
export async function isAlive(
  folder: string,
  locking: Locking,
  signal: AbortSignal,
): Promise<boolean> {
  const lock = join(folder, 'lock');
  const { files, processes } = locking;
  if (process.platform === 'win32') {
    const handle = await unless(['EBUSY', 'ENOENT'], files.open(lock, constants.O_RDWR | O_EXLOCK));
    await handle?.close();
    return !handle && (await unless(['ENOENT'], files.stat(lock))) !== undefined;
  }
  for (const name of (await namesIn(files, lock)).holders) {
    const { state } = await judgeHolder(name, processes);
    if (state !== 'dead' && (await isBeating(join(lock, name), locking, signal))) return true;
  }
  return false;
}

/** For a system that lets go of the files of a process that ends, and does not say when a process was started. */
async function lockByOpening(
  files: Files,
  folder: string,
  { known = dirname(folder) }: LockOptions,
): Promise<FolderLock> {
  const flags = constants.O_CREAT | constants.O_RDWR | O_EXLOCK;
  const handle = await unless(['EBUSY'], files.open(join(folder, 'lock'), flags));
  if (!handle) throw new FolderInUse(known);
  // An open file cannot be removed, nor the folder that it is in.
  return { isHeld: async () => true, release: () => handle.close() };
}

/** Removes the files of holders that are dead. Rejects with `NoFileOfOurs` for what is none, which stays. */
async function clear(
  lock: string,
  locking: Locking,
  { warn, signal = new AbortController().signal, known }: LockOptions,
): Promise<void> {
  const folder = known ?? dirname(dirname(lock));
  const { holders, strays } = await namesIn(locking.files, lock);
  for (const name of holders) {
    const { state, pid } = await judgeHolder(name, locking.processes);
    if (state === 'alive') throw new FolderInUse(folder, pid);
    if (state === 'elsewhere') {
      const before = 'in another container, on another host, or before this machine was started';
      const until = `waiting up to ${STILL_MS / 1000} s for a sign of life`;
      warn?.(`${folder} is in use, or was, by an inband ${before}; ${until}`);
      if (await isBeating(join(lock, name), locking, signal))
        throw new FolderInUse(folder, pid, true);
    }
    await removeHolders(locking.files, lock, [name]);
  }
  if (strays[0] !== undefined) throw new NoFileOfOurs(join(lock, strays[0]), 'lock');
}

/** To be called when our file is gone: somebody else's may be there. */
async function tellIfTaken(
  lock: string,
  { files, processes }: Locking,
  { onLost, known = dirname(dirname(lock)) }: LockOptions,
): Promise<void> {
  // A folder that cannot be read tells nothing; whoever needs it will meet the error.
  const there = await namesIn(files, lock).catch(() => undefined);
  const name = there?.holders[0];
  if (name === undefined) return;
  // It is taken, even where nobody can say by whom.
  const judged = await judgeHolder(name, processes).catch(() => undefined);
  onLost?.(new FolderInUse(known, judged?.pid, judged?.state === 'elsewhere'));
}

/** Returns whether we got it. The holder of the lock may at any time take our attempt for left over, hence ENOENT. */
async function take(files: Files, lock: string, holder: string): Promise<boolean> {
  const attempt = join(dirname(lock), `${randomUUID()}.lock`);
  await files.mkdir(attempt, { mode: 0o700 });
  try {
    await files.writeFile(join(attempt, holder), '', { flag: 'wx', mode: 0o600 });
    await files.rename(attempt, lock);
    await files.lstat(join(lock, holder));
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // What is no directory is refused when the lock is looked at again.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) throw error;
    return false;
  } finally {
    await removeAttempt(files, attempt);
  }
}
