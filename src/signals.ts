import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { SIGNAL_CODES } from './commands/exit-codes.js';

type Signal = keyof typeof SIGNAL_CODES;

/** How long the process may take to end after the command has. */
const LINGER_MS = 300;

/** A signal has asked the program to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;
  constructor(readonly signal: Signal) {
    super('interrupted');
    this.exitCode = SIGNAL_CODES[signal];
  }
}

/** Tells of each signal that is to end the program. */
export function onSignals(heard: (why: Interrupted) => void): void {
  for (const signal of Object.keys(SIGNAL_CODES) as Signal[]) {
    process.on(signal, () => {
      if (signal !== 'SIGHUP' || !startedByNohup()) heard(new Interrupted(signal));
    });
  }
}

/**
 * Ends the process, now. Node waits at its exit for calls that block in its pool of threads (a name that no DNS server
 * answers for, a device), which can take for ever; where there are any, the signal itself ends it.
 */
export function endBy({ signal, exitCode }: Interrupted, code = exitCode): void {
  const blocking = /^(FSReq|GetAddrInfoReq|GetNameInfoReq)/;
  if (!process.getActiveResourcesInfo().some((name) => blocking.test(name))) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** The same a little later, with the code that the command has ended with, if the process has not ended by itself. */
export function endSoon(why: Interrupted): void {
  setTimeout(() => endBy(why, Number(process.exitCode ?? 0)), LINGER_MS).unref();
}

/**
 * Whether this was started by nohup, and is to outlive its terminal. nohup has the signal ignored, which Node undoes at
 * its start; what is left is the variable in which most shells name the program that they start, and nohup's
 * standard input: /dev/null, open for writing.
 */
function startedByNohup(): boolean {
  if (basename(process.env._ ?? '') === 'nohup') return true;
  try {
    const flags = /^flags:\s+0*([0-7]+)$/m.exec(readFileSync('/proc/self/fdinfo/0', 'utf8'))?.[1];
    const writesOnly = (Number.parseInt(flags ?? '0', 8) & 0o3) === 1;
    return writesOnly && readlinkSync('/proc/self/fd/0') === '/dev/null';
  } catch {
    return false; // no Linux: nothing more is known
  }
}
