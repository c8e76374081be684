import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { shellOperands, shellWord } from '../../shell.js';
import type { DoingOptions, FileToDo } from '../../transfer/receiving/due-work.js';
import { type Context, UsageError } from '../context.js';

/** The program given to `--exec` did not end with 0. */
export class ExecFailed extends Error {
  override readonly name = 'ExecFailed';
}

/** Throws `UsageError` for what cannot be run: better now than when a file has come. */
export async function requireProgram(program: string, env: NodeJS.ProcessEnv): Promise<void> {
  const folders = program.includes('/') ? [''] : (env.PATH ?? '/usr/bin:/bin').split(delimiter);
  for (const folder of folders) if (await isProgram(join(folder, program))) return;
  const there = folders.length === 1 ? await stat(program).catch(() => undefined) : undefined;
  if (there?.isFile()) {
    throw new UsageError(
      `${program} may not be run`,
      there.uid === process.geteuid?.()
        ? `allow it: chmod +x ${shellOperands(program)}`
        : 'whom it belongs to can allow it; or give a program of yours',
    );
  }
  const isHere = folders.length > 1 && (await isThere(program));
  throw new UsageError(
    `there is no program "${program}" to run`,
    ...(isHere ? [`did you mean ./${shellWord(program)}?`] : []),
    '--exec takes one without arguments, and no shell expands "~"',
  );
}

async function isThere(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/**
 * Runs a program for a file that arrived, without a shell: the path is its only argument, and all facts are in its
 * environment, where nothing that a sender chose can become a flag or a command. What it prints goes to stderr, which
 * has a file descriptor. Interrupted, it is left to itself, and this resolves to false. Rejects with `ExecFailed`.
 */
export async function runFor(
  program: string,
  file: FileToDo,
  { isAgain, onStarted }: DoingOptions,
  { env, stderr, signal: interrupt }: Pick<Context, 'env' | 'stderr' | 'signal'>,
): Promise<boolean> {
  const { path } = file;
  const options: SpawnOptions = {
    env: variablesFor(file, isAgain, env),
    // Not through pipes of ours: what it leaves in the background would hold them open.
    stdio: ['ignore', stderr, stderr],
  };
  const child = start(program, path, options);
  if (child.pid !== undefined) onStarted(child.pid);
  const ended = await endOf(child, interrupt);
  if (ended === LEFT) child.unref();
  else if (ended !== undefined) throw new ExecFailed(`${program} failed for ${path} (${ended})`);
  return ended !== LEFT;
}

const LEFT = Symbol('left to itself');

/** Resolves when the process has ended, to why that is a failure or to nothing; to `LEFT` when it is interrupted. */
async function endOf(
  child: ChildProcess,
  interrupt: AbortSignal,
): Promise<string | undefined | typeof LEFT> {
  const over = new AbortController();
  const ended = new Promise<string | undefined | typeof LEFT>((resolve) => {
    interrupt.addEventListener('abort', () => resolve(LEFT), { signal: over.signal });
    if (interrupt.aborted) resolve(LEFT);
    child.on('error', ({ message }) => resolve(message));
    child.on('exit', (code, signal) =>
      resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)),
    );
  });
  return ended.finally(() => over.abort());
}

/** Its environment: ours, and the facts. */
function variablesFor(
  { path, name, peer, size, sha256, sealedBy, trust }: FileToDo,
  isAgain: boolean,
  env: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const { INBAND_PASSWORD, INBAND_AGAIN, INBAND_SHA256, INBAND_PEER_KEY, INBAND_TRUST, ...others } =
    env;
  return {
    ...others,
    INBAND_PATH: path,
    // A variable ends at the first NUL, and a program cannot be started with one.
    INBAND_NAME: name.replaceAll('\0', ''),
    INBAND_PEER: peer,
    INBAND_SIZE: String(size),
    ...(sha256 === undefined ? {} : { INBAND_SHA256: sha256 }),
    INBAND_ENCRYPTED: sealedBy === undefined ? '0' : '1',
    ...(sealedBy === undefined ? {} : { INBAND_PEER_KEY: sealedBy }),
    ...(trust === undefined ? {} : { INBAND_TRUST: trust }),
    ...(isAgain ? { INBAND_AGAIN: '1' } : {}),
  };
}

/** Some failures to start are thrown, such as that of an environment that is too large. */
function start(program: string, path: string, options: SpawnOptions): ChildProcess {
  try {
    return spawn(program, [path], options);
  } catch (error) {
    throw new ExecFailed(`${program} failed for ${path} (${(error as Error).message})`);
  }
}
