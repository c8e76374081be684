import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { type Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ReadStream } from 'node:tty';
import { readText } from '../../transfer/sources/pipes.js';
import { type Context, UsageError } from '../context.js';
import type { AccountFlags } from './account-options.js';

const NOT_GIVEN = ['no password was given', 'type it, or set INBAND_PASSWORD'] as const;

/** The password: from a file, a command, the environment, or the terminal. Throws `UsageError`. */
export async function readPassword(flags: AccountFlags, context: Context): Promise<string> {
  if (flags.passwordFile) return firstLine(await readSecret(flags.passwordFile, context));
  if (flags.passwordCommand) return firstLine(await runCommand(flags.passwordCommand, context));
  const { INBAND_PASSWORD } = context.env;
  if (INBAND_PASSWORD) return INBAND_PASSWORD;
  const keyboard = context.stderr.isTTY && openKeyboard(context);
  if (!keyboard) {
    throw new UsageError(
      'no password is given, and there is no terminal to ask for it',
      'set INBAND_PASSWORD, or give --password-file or --password-command',
    );
  }
  const password = await ask(`Password for ${flags.account}: `, keyboard, context);
  if (!password) throw new UsageError(...NOT_GIVEN);
  return password;
}

/** Standard input may be what is to be sent. */
function openKeyboard({ stdin }: Context): Readable | undefined {
  if (stdin.isTTY) return stdin;
  try {
    return new ReadStream(openSync('/dev/tty', 'r'));
  } catch {
    return undefined; // none belongs to this process
  }
}

/** The text of a file of its owner's alone. Throws `UsageError` for another one. */
export async function readSecret(path: string, { env, signal }: Context): Promise<string> {
  const stats = await stat(path);
  if (stats.isDirectory()) throw new UsageError(`${path} is a folder`, 'name a file');
  const forbidden = isCredential(path, env) ? 0o007 : 0o077;
  if (process.platform !== 'win32' && (stats.mode & forbidden) !== 0) {
    throw new UsageError(`${path} can be read by others`, `run: chmod 600 ${path}`);
  }
  return readText(path, signal);
}

/** systemd makes its credentials readable for the group, in a folder that is closed to everyone else. */
function isCredential(path: string, { CREDENTIALS_DIRECTORY }: NodeJS.ProcessEnv): boolean {
  if (!CREDENTIALS_DIRECTORY) return false;
  return resolve(path).startsWith(`${resolve(CREDENTIALS_DIRECTORY)}${sep}`);
}

/** Run by the shell, so that it may be a pipeline; it is the user's own, who sees what it has to say. */
async function runCommand(command: string, { stderr, signal }: Context): Promise<string> {
  const shell = process.platform === 'win32' ? ['cmd', '/d', '/s', '/c'] : ['sh', '-c'];
  const [file = '', ...args] = [...shell, command];
  // A command that reads its input would wait for ever.
  const child = spawn(file, args, { signal, stdio: ['ignore', 'pipe', stderr] });
  const { stdout } = child;
  try {
    const [output, [code, killedBy]] = await Promise.all([text(stdout), once(child, 'close')]);
    if (code === 0) return output;
    throw new UsageError(`--password-command failed (${killedBy ?? `exit code ${code}`})`);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    stdout.destroy(); // after an interruption, what it has left in the background may keep it
  }
}

function firstLine(text: string): string {
  const [line = ''] = text.split(/\r?\n/);
  if (!line)
    throw new UsageError(
      'the password is empty',
      'it is the first line of what the file or command gives',
    );
  return line;
}

/** A line that is typed, and does not show. Throws `UsageError` where none is given. */
export async function ask(
  prompt: string,
  keyboard: Readable,
  { stdin, stderr, signal }: Context,
  notGiven: readonly [string, ...string[]] = NOT_GIVEN,
): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: keyboard, output: silent, terminal: true });
  // In a prompt the terminal gives the keys to us instead of making signals of them.
  const given = new AbortController();
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  terminal.once('close', () => given.abort(new UsageError(...notGiven)));
  // Not before the terminal has stopped to echo: a password may be typed, or pasted, at once.
  stderr.write(prompt);
  try {
    return await terminal.question('', { signal: AbortSignal.any([signal, given.signal]) });
  } catch {
    throw signal.aborted ? signal.reason : given.signal.reason;
  } finally {
    terminal.close();
    if (keyboard !== stdin) keyboard.destroy();
    stderr.write('\n');
  }
}
