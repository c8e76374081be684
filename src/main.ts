import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addCacheCommand, type BlobCache } from './commands/cache.js';
import type { Context, OutputFlags } from './commands/context.js';
import { addFetchCommand } from './commands/fetch.js';
import { addPublishCommand } from './commands/publish.js';
import { addReceiveCommand } from './commands/receive.js';
import { addSendCommand } from './commands/send.js';
import { HandlerRegistry } from './protocol/handler-registry.js';
import { chooseMode, createReport, type Reporter } from './ui/report.js';

/** Exit codes by the name of the error; 1 is anything that is not here. */
const EXIT_CODES: Record<string, number> = {
  UsageError: 2,
  MalformedJid: 2,
  MalformedService: 2,
  RangeError: 2,
  NotAuthorized: 3,
  ConnectionFailed: 4,
  ServerNotTrusted: 4,
  RecipientUnreachable: 5,
  RequestTimeout: 5,
  RecipientRefused: 6,
  BytestreamBroken: 7,
  BytestreamLost: 7,
  ConnectionLost: 7,
  BlobMismatch: 8,
  NoSuchBlob: 9,
  SourceChanged: 10,
};
const UNEXPECTED = 1;
const USAGE = 2;
const LOCAL_FILE = 10;

/** 128 and the number of the signal, as shells have it. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const SIGPIPE = 141;

/** The user has had enough. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor(readonly exitCode: number) {
    super('interrupted');
  }
}

/** The limit of the cache of fetched blobs. */
const CACHE_LIMITS = { bytes: 100_000_000, entries: 10_000 };

await main();

async function main(): Promise<void> {
  const interrupt = new AbortController();
  let reporter: Reporter | undefined;
  onSignals((error) => {
    // The second time, nothing is waited for.
    if (interrupt.signal.aborted) {
      reporter?.close();
      process.exit(error.exitCode);
    }
    interrupt.abort(error);
  });
  try {
    const context = createContext(interrupt.signal, (created) => {
      reporter = created;
    });
    await createProgram(context).parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOf(error as Error);
    if (!isSilent(error as Error)) explain(error as Error, process.exitCode, reporter);
  } finally {
    reporter?.close();
  }
}

function createProgram(context: Context): Command {
  const { version } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  const program = new Command('inband')
    .description('Sends files to a JID and fetches blobs by cid, inside the XMPP stream.')
    .version(version)
    .exitOverride();
  addSendCommand(program, context);
  addReceiveCommand(program, context);
  addPublishCommand(program, context);
  addFetchCommand(program, context);
  addCacheCommand(program, context);
  for (const command of program.commands) command.exitOverride();
  return program;
}

function createContext(signal: AbortSignal, onReporter: (reporter: Reporter) => void): Context {
  const { env, stdin, stdout, stderr } = process;
  return {
    ...{ env, stdin, stdout, stderr, signal, exitCodeOf, createRegistry, openCache },
    now: () => new Date(),
    // Loaded when they are needed: the start of `--help` should not wait for them.
    connect: async (options) => (await import('./session/connect.js')).connect(options),
    openInbox: async (directory) => (await import('./storage/inbox.js')).openInbox(directory),
    saveFile: async (bytes, where) =>
      (await import('./storage/save-file.js')).saveFile(bytes, where),
    reporter: async (flags) => {
      const reporter = await createReporter(flags);
      onReporter(reporter);
      return reporter;
    },
  };
}

function createReporter({ json = false, quiet = false, verbose = false }: OutputFlags) {
  const { env, stdout, stderr } = process;
  const stderrIsTTY = stderr.isTTY ?? false;
  const mode = chooseMode({ json, stderrIsTTY, ...(env.TERM ? { term: env.TERM } : {}) });
  return createReport({ mode, quiet, verbose, stdout, stderr, now: () => performance.now() });
}

/** Blobs on disk are the default of the registry's storage operations. */
async function createRegistry(): Promise<HandlerRegistry> {
  const { blobHandlers } = await import('./storage/blob-handlers.js');
  const { parseContentId } = await import('./protocol/bob/content-id.js');
  const { registerBlobs } = await import('./protocol/bob/memory-blobs.js');
  const { published, cached } = await openBlobFolders();
  return registerBlobs(new HandlerRegistry(), blobHandlers(published, cached, parseContentId));
}

async function openBlobFolders() {
  const { BlobFolder } = await import('./storage/blob-folder.js');
  const { blobFolders } = await import('./storage/folders.js');
  const { digest } = await import('./protocol/bob/content-id.js');
  const options = { digest, now: () => Date.now() };
  const folders = blobFolders(process.env);
  return {
    published: new BlobFolder(folders.published, options),
    cached: new BlobFolder(folders.cached, { ...options, limits: CACHE_LIMITS }),
  };
}

async function openCache(): Promise<BlobCache> {
  const { listBlobs } = await import('./storage/blob-list.js');
  const { formatContentId } = await import('./protocol/bob/content-id.js');
  const { published, cached } = await openBlobFolders();
  return {
    list: () => listBlobs(published, cached, formatContentId),
    prune: async () => {
      await published.prune();
      await cached.prune();
    },
  };
}

function onSignals(interrupt: (error: Interrupted) => void): void {
  for (const [signal, exitCode] of Object.entries(SIGNALS)) {
    process.on(signal, () => interrupt(new Interrupted(exitCode)));
  }
  // Node ignores SIGPIPE: who reads our results has read enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') interrupt(new Interrupted(SIGPIPE));
    else throw error;
  });
  // Nobody is left to tell.
  process.stderr.on('error', () => undefined);
}

function exitCodeOf(error: Error): number {
  if (error instanceof Interrupted) return error.exitCode;
  // What the user cancelled in the middle of a pipeline.
  if (error.name === 'AbortError' && error.cause instanceof Error) return exitCodeOf(error.cause);
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (isFileError(error)) return LOCAL_FILE;
  return EXIT_CODES[error.name] ?? UNEXPECTED;
}

/** Network errors come wrapped in errors of our own: what still names a system call is about a file. */
function isFileError(error: NodeJS.ErrnoException): boolean {
  return error.syscall !== undefined;
}

/** commander has printed its errors itself; who interrupts knows why it ended. */
function isSilent(error: Error): boolean {
  return error instanceof CommanderError || exitCodeOf(error) > 128;
}

function explain(error: Error, exitCode: number, reporter: Reporter | undefined): void {
  const text = exitCode === UNEXPECTED ? `unexpected error: ${error.stack}` : messageOf(error);
  if (reporter) reporter.report({ event: 'failed', error: text, exitCode });
  else process.stderr.write(`inband: ${text}\n`);
}

/** `ENOENT: no such file or directory, open 'x'` → `cannot open x: no such file or directory`. */
function messageOf(error: Error): string {
  const [, reason, call, path] = /^\w+: (.+), (\w+)(?: '(.*)')?/.exec(error.message) ?? [];
  return isFileError(error) && reason
    ? `cannot ${call} ${path ?? 'a file'}: ${reason}`
    : error.message;
}
