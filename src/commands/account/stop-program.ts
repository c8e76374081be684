import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

/** How long a program may take to end when it is told to, in milliseconds; then it is killed. */
const END_MS = 5_000;

/**
 * Ends a program that is of no use any more, and resolves when it has ended, or was killed: what undoes its work can come
 * only then. With `close` that includes whatever it has started and that holds its pipes, for as long as it would have.
 */
export async function stopProgram(child: ChildProcess, event: 'exit' | 'close'): Promise<void> {
  const { pid, exitCode, signalCode } = child;
  const isOver = exitCode !== null || signalCode !== null;
  // What could not be started says so yet; what may not be killed is waited for all the same.
  child.on('error', () => undefined);
  if (pid === undefined || (isOver && event === 'exit')) return;
  const ended = new AbortController();
  const over = once(child, event, { signal: ended.signal }).catch(() => undefined);
  child.kill();
  const late = setTimeout(END_MS, undefined, { signal: ended.signal }).catch(() => undefined);
  await Promise.race([over, late]);
  ended.abort();
  child.kill('SIGKILL');
}
