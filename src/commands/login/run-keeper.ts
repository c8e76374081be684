import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { stopProgram } from '../account/stop-program.js';
import { type Context, UsageError } from '../context.js';

/** A program did not keep, or not forget, a password. */
const failed = (program: string, why: string) => new UsageError(`${program} failed (${why})`);

/**
 * Runs a program that keeps passwords. What is secret goes in by its standard input, as others could see its arguments;
 * what it has to say is for the user. Throws `UsageError`; or the signal's reason, when nothing of it is at work any more.
 */
export async function runKeeper(
  [program, ...args]: readonly [string, ...string[]],
  input: string,
  { stderr, env, signal }: Context,
): Promise<void> {
  signal.throwIfAborted();
  // Whatever it starts gets the last one, too, as `pass` does gpg, which goes on where `pass` was ended: by that we see it.
  const child = spawn(program, args, { env, stdio: ['pipe', 'ignore', stderr, 'pipe'] });
  const { stdin } = child;
  stdin?.on('error', () => undefined); // it may end before it has read all
  stdin?.end(input);
  try {
    const [code, killedBy] = await once(child, 'exit', { signal });
    if (code !== 0) throw failed(program, killedBy ?? `exit code ${code}`);
  } catch (error) {
    if (signal.aborted) await stopProgram(child, 'close');
    signal.throwIfAborted();
    throw error instanceof UsageError ? error : failed(program, (error as Error).message);
  } finally {
    // What it has left in the background may keep them.
    for (const pipe of child.stdio) pipe?.destroy();
  }
}

/** Whether there is a program of this name. */
export async function isOnPath(program: string, { env }: Pick<Context, 'env'>): Promise<boolean> {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const found = folders.map((folder) => access(join(folder, program), constants.X_OK));
  return Promise.any(found).then(
    () => true,
    () => false,
  );
}
