import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Files, unless } from './files.js';
import type { Processes } from './processes.js';

/** Another process receives into this folder; two would take each other's partials for left over. */
export class InboxInUse extends Error {
  override readonly name = 'InboxInUse';
  constructor(
    readonly folder: string,
    /** Windows does not tell. */
    readonly pid?: number,
  ) {
    const who = pid === undefined ? '' : ` (process ${pid})`;
    super(`${folder} is in use by another inband${who}; end that, or choose another folder`);
  }
}

/** Of the file in the lock: id of the process, hash of its start, and something that no other lock has. */
const HOLDER = /^(\d{1,10})-([0-9a-f]{16})-[0-9a-f-]{36}$/;

/** Windows: while it is open, nobody else can open it. Node has no name for this flag of libuv (UV_FS_O_EXLOCK). */
const O_EXLOCK = 0x10000000;

/** Locks a folder; the function returned unlocks it. Rejects with InboxInUse while another process has it. */
export function lockFolder(
  files: Files,
  folder: string,
  processes: Processes,
): Promise<() => Promise<void>> {
  return process.platform === 'win32'
    ? lockByOpening(files, folder)
    : lockByHolder(files, folder, processes);
}

/**
 * The lock is a directory `lock` with one file, named after its holder.
 * It comes about whole, by a rename that fails where the directory is not empty; and since no two holders' files
 * have the same name, removing that of a dead one cannot hit the next holder's, however many do so at once.
 */
async function lockByHolder(
  files: Files,
  folder: string,
  processes: Processes,
): Promise<() => Promise<void>> {
  const lock = join(folder, 'lock');
  const holder = `${await identify(processes, processes.pid)}-${randomUUID()}`;
  do {
    await clear(files, lock, processes);
  } while (!(await take(files, lock, holder)));
  return () => remove(files, lock, holder);
}

/** Where the system itself lets go of what a process that ends has open, and nothing says when a process was started. */
async function lockByOpening(files: Files, folder: string): Promise<() => Promise<void>> {
  const flags = constants.O_CREAT | constants.O_RDWR | O_EXLOCK;
  const handle = await unless(['EBUSY'], files.open(join(folder, 'lock'), flags));
  if (!handle) throw new InboxInUse(dirname(folder));
  return () => handle.close();
}

/** Removes the files of holders that are dead. */
async function clear(files: Files, lock: string, processes: Processes): Promise<void> {
  for (const name of (await unless(['ENOENT'], files.readdir(lock))) ?? []) {
    const [, pid = '', start] = HOLDER.exec(name) ?? [];
    if (start && (await identify(processes, Number(pid))) === `${pid}-${start}`) {
      throw new InboxInUse(dirname(dirname(lock)), Number(pid));
    }
    await remove(files, lock, name);
  }
}

async function remove(files: Files, lock: string, name: string): Promise<void> {
  await files.rm(join(lock, name), { force: true });
  // Somebody else may have it by now.
  await unless(['ENOENT', 'ENOTEMPTY', 'EEXIST'], files.rmdir(lock));
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
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(code)) throw error;
    return false;
  } finally {
    await files.rm(attempt, { recursive: true, force: true });
  }
}

async function identify(processes: Processes, pid: number): Promise<string | undefined> {
  const start = await processes.startOf(pid);
  return start && `${pid}-${createHash('sha256').update(start).digest('hex').slice(0, 16)}`;
}
