import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { unless } from '../files.js';

/** Tells processes apart, those of the same id too. */
export interface Processes {
  /** Our own. */
  pid: number;
  /** Says when the process started, in words of the system; `undefined`: there is none. */
  startOf(pid: number): Promise<string | undefined>;
  /** Names the system in which the ids hold: two processes can ask for each other only where the text is the same. */
  place(): Promise<string>;
}

export const systemProcesses: Processes = {
  pid: process.pid,
  startOf: async (pid) => {
    const hasProc = (await read('/proc/self/stat')) !== undefined;
    return hasProc ? startByProc(pid) : startByPs(pid);
  },
  place,
};

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** The boot of a machine, and the namespaces: containers on one machine have ids, and starts, of their own. */
async function place(): Promise<string> {
  const [boot, self, ...namespaces] = await Promise.all([
    known(readFile(BOOT_ID, 'utf8')),
    ...['self', 'self/ns/pid', 'self/ns/time'].map((name) => known(readlink(`/proc/${name}`))),
  ]);
  // A /proc that belongs to another namespace than we do tells of other processes.
  const isOurs = self === undefined || self === `${process.pid}`;
  return [boot ?? hostname(), ...namespaces, ...(isOurs ? [] : [randomUUID()])].join(' ');
}

/** A sandbox may keep from us whatever it pleases; then that tells no two places apart. */
function known(reading: Promise<string>): Promise<string | undefined> {
  return reading.catch(() => undefined);
}

/** proc(5): the time is in ticks since boot, hence the boot's own id. A zombie has ended. */
async function startByProc(pid: number): Promise<string | undefined> {
  const stat = await read(`/proc/${pid}/stat`);
  // The second field is the program's name, in brackets, with whatever it pleases in it.
  const [state = '', ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  if (!stat || /[ZX]/.test(state)) return undefined;
  const boot = (await read(BOOT_ID)) ?? '';
  return `${boot.trim()} ${fields[18]}`;
}

/** For systems without /proc, such as macOS. */
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
