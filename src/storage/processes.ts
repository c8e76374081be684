import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { unless } from './files.js';

/** Tells processes apart, those of the same id too. */
export interface Processes {
  /** Our own. */
  pid: number;
  /** Says when the process started, in words of the system; `undefined`: there is none. */
  startOf(pid: number): Promise<string | undefined>;
}

export const systemProcesses: Processes = {
  pid: process.pid,
  startOf: async (pid) => {
    const hasProc = (await read('/proc/self/stat')) !== undefined;
    return hasProc ? startByProc(pid) : startByPs(pid);
  },
};

/** proc(5): the time is in ticks since boot, hence the boot's own id. What was killed and not yet waited for has ended. */
async function startByProc(pid: number): Promise<string | undefined> {
  const stat = await read(`/proc/${pid}/stat`);
  // The second field is the program's name, in brackets, with whatever it pleases in it.
  const [state = '', ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  if (!stat || /[ZX]/.test(state)) return undefined;
  const boot = (await read('/proc/sys/kernel/random/boot_id')) ?? '';
  return `${boot.trim()} ${fields[18]}`;
}

/** Where there is no /proc, as on macOS. */
export async function startByPs(pid: number): Promise<string | undefined> {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const ps = promisify(execFile)('ps', ['-o', 'lstart=', '-p', `${pid}`], { env });
  // It exits with 1 when there is no such process.
  const { stdout } = await ps.catch((error) => {
    if (error.code !== 1) throw error;
    return error as { stdout: string };
  });
  return stdout.trim() || undefined;
}

/** A process that ends while it is read about is ESRCH. */
function read(path: string): Promise<string | undefined> {
  return unless(['ENOENT', 'ESRCH'], readFile(path, 'utf8'));
}
