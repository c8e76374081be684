import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const LINE_TIMEOUT_MS = 100_000; // below jest's, so that the output is seen

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child process whose output is kept, and can be waited for line by line. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  stdoutBytes(): Buffer;
  /** Resolves when the process has ended and its output is complete; never rejects. */
  readonly exited: Promise<Exit>;
  /**
   * The match of the first line that matches, printed before or after the call.
   * Rejects with all output when the process ends, or `timeout` ms (100,000) pass, without one.
   */
  line(pattern: RegExp, stream?: 'stdout' | 'stderr', timeout?: number): Promise<RegExpMatchArray>;
  /** Sends the signal (SIGTERM) unless the process has ended, and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

export interface StartOptions {
  /** The whole environment; default: this process's. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** All of standard input. Without it, `child.stdin` stays open for the caller to write and end. */
  stdin?: string | Uint8Array | Readable;
}

/** Starts a program that dies with this process, whatever ends it. */
export function start(command: string, args: string[], options: StartOptions = {}): Running {
  const { stdin, ...spawnOptions } = options;
  const child = spawn(command, args, spawnOptions);
  const output = { stdout: collect(child.stdout), stderr: collect(child.stderr) };
  child.on('error', (error) => output.stderr.push(Buffer.from(`${error.message}\n`)));
  const exited = new Promise<Exit>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  if (child.pid) killWithUs(child.pid, exited);
  feed(child.stdin, stdin);

  const text = (stream: 'stdout' | 'stderr') => Buffer.concat(output[stream]).toString();
  return {
    child,
    stdout: () => text('stdout'),
    stderr: () => text('stderr'),
    stdoutBytes: () => Buffer.concat(output.stdout),
    exited,
    line: async (pattern, stream = 'stdout', timeout = LINE_TIMEOUT_MS) => {
      const find = (ended: boolean) => firstMatch(text(stream), pattern, ended);
      const match = await repeatOnData(child[stream], exited, timeout, find);
      if (match) return match;
      const end = child.exitCode ?? child.signalCode ?? 'not in time';
      const all = `stdout:\n${text('stdout')}\nstderr:\n${text('stderr')}`;
      throw new Error(`no line like ${pattern} (${end}): ${[command, ...args].join(' ')}\n${all}`);
    },
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}

function collect(stream: Readable): Buffer[] {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  return chunks;
}

function feed(target: Writable, stdin: StartOptions['stdin']): void {
  target.on('error', () => {}); // the program may end before it has read all
  if (stdin === undefined) return;
  const source = stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)]);
  pipeline(source, target).catch(() => {});
}

/** Calls `find` now and after each chunk, until it finds something, all is read or time is up. */
async function repeatOnData<Found>(
  stream: Readable,
  exited: Promise<Exit>,
  timeout: number,
  find: (ended: boolean) => Found | undefined,
): Promise<Found | undefined> {
  const deadline = AbortSignal.timeout(timeout);
  let ended = false;
  const end = exited.then(() => {
    ended = true;
  });
  for (;;) {
    const found = find(ended);
    if (found || ended || deadline.aborted) return found;
    const data = once(stream, 'data', { signal: deadline }).catch(() => {});
    await Promise.race([data, end]);
  }
}

/** Looks at whole lines; the last one is whole when there is nothing to come. */
function firstMatch(text: string, pattern: RegExp, ended: boolean): RegExpMatchArray | undefined {
  const lines = text.split(/\r?\n/);
  if (!ended) lines.pop();
  for (const line of lines) {
    const match = line.match(pattern);
    if (match) return match;
  }
  return undefined;
}

/**
 * Jest's `process` in a test does not pass on `exit`, and nothing runs after SIGKILL. So a shell
 * waits for the end of its standard input, which comes with the end of this process.
 */
function killWithUs(pid: number, exited: Promise<Exit>): void {
  const guard = spawn('sh', ['-c', `read -r _; kill -KILL ${pid} 2>/dev/null`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // so that Ctrl-C spares it
  });
  guard.unref();
  void exited.then(() => guard.kill());
}
