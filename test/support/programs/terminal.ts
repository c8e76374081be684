import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Running, type StartOptions, start } from './process.js';

const BRIDGE = fileURLToPath(new URL('terminal.py', import.meta.url));

const SHOW_TIMEOUT_MS = 100_000; // below jest's, so that the output is seen

export interface OnTerminal extends Running {
  /** All that was written so far, by the program and by the terminal that echoes the keys. */
  output(): string;
  /** Resolves as soon as that matches; rejects with it when the program ends, or 30 s pass, without. */
  shows(pattern: RegExp): Promise<void>;
  type(keys: string): void;
  /** Gives it the next of the widths that follow. */
  resize(): void;
}

export interface TerminalOptions extends Omit<StartOptions, 'stdin'> {
  columns?: number;
  rows?: number;
  /** Widths that follow, one with each `resize`. */
  later?: number[];
}

export const CTRL_C = '\x03';
export const CTRL_D = '\x04';

/** Runs a program on a pseudo-terminal, as a person does. */
export function startOnTerminal(
  command: string[],
  { columns = 80, rows = 24, later = [], ...options }: TerminalOptions,
): OnTerminal {
  const args = [BRIDGE, [columns, ...later].join(','), String(rows), ...command];
  const running = start('/usr/bin/python3', args, options);
  let over = false;
  const ended = running.exited.then(() => {
    over = true;
  });
  return {
    ...running,
    output: running.stdout,
    shows: async (pattern) => {
      const deadline = AbortSignal.timeout(SHOW_TIMEOUT_MS);
      while (!pattern.test(running.stdout())) {
        if (over || deadline.aborted) {
          throw new Error(`no ${pattern} in:\n${running.stdout()}\n${running.stderr()}`);
        }
        const data = once(running.child.stdout as Readable, 'data', { signal: deadline });
        await Promise.race([data.catch(() => {}), ended]);
      }
    },
    resize: () => void running.child.kill('SIGUSR1'),
    type: (keys) => void (running.child.stdin as Writable).write(keys),
  };
}
