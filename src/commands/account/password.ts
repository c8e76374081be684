import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { shellOperands } from '../../shell.js';
import { readShortText, shortText } from '../../transfer/sources/pipes.js';
import { type Context, UsageError } from '../context.js';
import type { AccountFlags } from './account-options.js';
import { asOf } from './origin.js';
import { askHidden, openKeyboard } from './prompt.js';
import { stopProgram } from './stop-program.js';

/** Bytes: what has more is no password. */
const MOST_BYTES = 65_536;

/** The password: from a file, a command, the environment, or the terminal. Throws `UsageError`. */
export async function readPassword(flags: AccountFlags, context: Context): Promise<string> {
  const { passwordFile: file, passwordCommand: command } = flags;
  if (file) {
    return readSecret(file, context).then(firstLine).catch(asOf(flags, 'passwordFile'));
  }
  if (command) {
    return runCommand(command, context).then(firstLine).catch(asOf(flags, 'passwordCommand'));
  }
  const { INBAND_PASSWORD } = context.env;
  if (INBAND_PASSWORD) return INBAND_PASSWORD;
  const keyboard = openKeyboard(context);
  if (!keyboard) {
    throw new UsageError(
      'no password is given, and there is no terminal to ask for it',
      'set INBAND_PASSWORD, or give --password-file or --password-command',
    );
  }
  return askPassword(flags.account ?? '', keyboard, context, 'type it, or set INBAND_PASSWORD');
}

/** The files and folders in which secrets are, whether they are there or not: they are not given to others. */
export const secretsOf = (
  { passwordFile, passwordFiles = [] }: AccountFlags,
  { secretFolders }: Context,
): string[] => [...secretFolders, ...passwordFiles, ...(passwordFile ? [passwordFile] : [])];

/** Throws `UsageError` where none is typed, with what to do then. */
export async function askPassword(
  account: string,
  keyboard: Readable,
  context: Context,
  hint: string,
): Promise<string> {
  const notGiven = ['no password was given', hint] as const;
  const password = await askHidden(`Password for ${account}: `, keyboard, context, notGiven);
  if (!password) throw new UsageError(...notGiven);
  return password;
}

/** The text of a file of its owner's alone. Throws `UsageError` for another one. */
export async function readSecret(path: string, context: Context): Promise<string> {
  await checkSecret(path, context);
  return notLonger(path, await readShortText(path, context.signal, MOST_BYTES));
}

/** Throws `UsageError` where the text was too long to be read. */
function notLonger(from: string, text: string | undefined): string {
  if (text !== undefined) return text;
  throw new UsageError(
    `${from} gives more than ${MOST_BYTES / 1024} KiB`,
    'the password is to be in its first line, and little else behind it',
  );
}

/** The same, without reading it. `which`: what it is, where it is no file of a password. */
export async function checkSecret(
  path: string,
  { env }: Pick<Context, 'env'>,
  which = '',
): Promise<void> {
  const stats = await stat(path);
  if (stats.isDirectory()) throw new UsageError(`${path} is a folder`, 'name a file');
  const forbidden = isCredential(path, env) ? 0o007 : 0o077;
  if (process.platform !== 'win32' && (stats.mode & forbidden) !== 0) {
    throw new UsageError(
      `${path}${which} can be read by others`,
      isOwnFile(stats)
        ? `run: chmod 600 ${shellOperands(path)}`
        : 'give a file of yours that nobody else can read',
    );
  }
}

/** A device that is closed to others, or somebody else's file, would be missed by whoever else uses it. */
const isOwnFile = (stats: Stats): boolean => stats.isFile() && stats.uid === process.geteuid?.();

/** systemd makes its credentials readable for the group, in a folder that is closed to everyone else. */
function isCredential(path: string, { CREDENTIALS_DIRECTORY }: NodeJS.ProcessEnv): boolean {
  if (!CREDENTIALS_DIRECTORY) return false;
  return resolve(path).startsWith(`${resolve(CREDENTIALS_DIRECTORY)}${sep}`);
}

/** Run by the shell, so that it may be a pipeline; it is the user's own, who sees what it has to say. */
async function runCommand(command: string, { env, stderr, signal }: Context): Promise<string> {
  const shell = process.platform === 'win32' ? ['cmd', '/d', '/s', '/c'] : ['sh', '-c'];
  const [file = '', ...args] = [...shell, command];
  signal.throwIfAborted();
  // A command that reads its input would wait for ever.
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', stderr] });
  const { stdout } = child;
  try {
    const [output, [code, killedBy]] = await Promise.all([
      shortText(stdout, MOST_BYTES).then((text) => notLonger('--password-command', text)),
      once(child, 'close', { signal }),
    ]);
    if (code === 0) return output;
    throw new UsageError(`--password-command failed (${killedBy ?? `exit code ${code}`})`);
  } catch (error) {
    // It may have the terminal, as for a passphrase.
    if (signal.aborted) await stopProgram(child, 'exit');
    signal.throwIfAborted();
    throw error;
  } finally {
    child.kill(); // one that prints without end
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
