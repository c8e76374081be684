// What a person is asked at the keyboard.
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { type Readable, Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { type Context, UsageError } from '../context.js';

type Terminal = Pick<Context, 'stdin' | 'stderr' | 'signal'>;

/** What is wrong where nothing is typed, and what would be right. */
type NotGiven = readonly [string, ...string[]];

/** Where a person can be asked, and sees it. Standard input may be what is to be sent. */
export function openKeyboard({ stdin, stderr }: Terminal): Readable | undefined {
  if (!stderr.isTTY) return undefined;
  if (stdin.isTTY) return stdin;
  try {
    return new ReadStream(openSync('/dev/tty', 'r'));
  } catch {
    return undefined; // none belongs to this process
  }
}

/** A line that is typed, and does not show. Throws `UsageError` where none is given. */
export async function askHidden(
  prompt: string,
  keyboard: Readable,
  context: Terminal,
  notGiven: NotGiven,
): Promise<string> {
  const { stderr } = context;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = readLine(keyboard, silent, context, notGiven);
  // Not before the terminal has stopped to echo: a password may be typed, or pasted, at once.
  stderr.write(prompt);
  try {
    return await line;
  } finally {
    stderr.write('\n');
  }
}

/** A line that is typed, without the space around it. Throws `UsageError` where none is given. */
export async function askLine(
  prompt: string,
  keyboard: Readable,
  context: Terminal,
  notGiven: NotGiven,
): Promise<string> {
  const line = await readLine(keyboard, context.stderr, context, notGiven, prompt);
  return line.trim();
}

async function readLine(
  keyboard: Readable,
  output: Writable,
  { stdin, signal }: Terminal,
  notGiven: NotGiven,
  prompt = '',
): Promise<string> {
  const terminal = createInterface({ input: keyboard, output, terminal: true, historySize: 0 });
  // In a prompt the terminal gives the keys to us instead of making signals of them.
  const given = new AbortController();
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  terminal.once('close', () => given.abort(new UsageError(...notGiven)));
  try {
    return await terminal.question(prompt, { signal: AbortSignal.any([signal, given.signal]) });
  } catch {
    throw signal.aborted ? signal.reason : given.signal.reason;
  } finally {
    terminal.close();
    if (keyboard !== stdin) keyboard.destroy();
  }
}
