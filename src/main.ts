import { setMaxListeners } from 'node:events';
import { Command, CommanderError } from 'commander';
import { version } from '../package.json';
import { addCacheCommand } from './commands/cache.js';
import { addConfigCommand } from './commands/config.js';
import { type Context, FileFailed, type OutputFlags } from './commands/context.js';
import { addFetchCommand } from './commands/fetch.js';
import { addCompletionCommand } from './commands/help/completion.js';
import { addManCommand } from './commands/help/man.js';
import { addProbeCommand } from './commands/probe.js';
import { addPublishCommand } from './commands/publish.js';
import { addReceiveCommand } from './commands/receive.js';
import { addSendCommand } from './commands/send.js';
import { HandlerRegistry } from './protocol/handler-registry.js';
import type { ConnectOptions } from './session/connect.js';
import type { Session } from './session/session.js';
import { endBy, endSoon, Interrupted, onSignals } from './signals.js';
import type { BlobCache } from './transfer/blob-cache.js';
import { chooseMode, createReport, type Reporter } from './ui/report.js';

/** Exit codes by the name of the error; 1 is anything that is not here. */
const EXIT_CODES: Record<string, number> = {
  UsageError: 2,
  MalformedJid: 2,
  MalformedService: 2,
  MalformedBlob: 2,
  NotAuthorized: 3,
  ResourceConflict: 3,
  ConnectionFailed: 4,
  ServerNotTrusted: 4,
  RecipientUnreachable: 5,
  RequestTimeout: 5,
  BytestreamNotOpened: 7,
  RecipientRefused: 6,
  JingleEnded: 7,
  BytestreamBroken: 7,
  BytestreamLost: 7,
  BytestreamOverrun: 7,
  OfferedAgain: 7,
  StillUnderWay: 7,
  BlocksIgnored: 7,
  CloseUnconfirmed: 7,
  FileUnconfirmed: 7,
  ConnectionLost: 7,
  UnsendableStanza: 7,
  BlobMismatch: 8,
  FileMismatch: 8,
  NoSuchBlob: 9,
  SourceChanged: 10,
  InboxInUse: 10,
  InboxReplaced: 10,
  PartialRemoved: 10,
  NoRoom: 10,
};
/** What to do about errors that say no more than what is wrong; the others say it themselves, after a semicolon. */
const NEXT_STEPS: Record<string, string> = {
  ConnectionFailed: 'check the network and --service',
  ServerNotTrusted: 'check --service; somebody may be in between',
  NotAuthorized: 'check the account and its password; "inband config" shows where they come from',
  ResourceConflict: 'end that, or use another resource: -a name@example.org/laptop',
  RequestTimeout: 'try again',
  BytestreamBroken: 'ask the recipient, or send it again',
  BytestreamLost: 'send it again',
  BlocksIgnored: 'it may know blocks in messages alone: try --stanza message',
  ConnectionLost: 'run the command again',
  BlobMismatch: 'ask another with --from',
  NoSuchBlob: 'ask another with --from',
};
const UNEXPECTED = 1;
const USAGE = 2;
const LOCAL_FILE = 10;

const SIGPIPE = 141;

/** The limit of the cache of fetched blobs. */
const CACHE_LIMITS = { bytes: 100_000_000, entries: 10_000 };

void main(); // the bundle is CommonJS, which has no await at the top level

async function main(): Promise<void> {
  const interrupt = new AbortController();
  // As many wait for it as there are transfers.
  setMaxListeners(0, interrupt.signal);
  let reporter: Reporter | undefined;
  const fail = (error: Error) => {
    process.exitCode = exitCodeOf(error);
    if (!isSilent(error)) explain(error, process.exitCode, reporter);
  };
  let [isOver, lost] = [false, undefined as Error | undefined];
  onOutputLost((error) => {
    lost = error;
    if (isOver) fail(error);
    else interrupt.abort(error);
  });
  // Nothing is left to wait for, and the command is not done.
  const stuck = () => fail(new Error('what it waited for cannot come any more'));
  process.once('beforeExit', stuck);
  onSignals((error) => {
    // The second time, nothing is waited for.
    if (interrupt.signal.aborted) {
      reporter?.close();
      endBy(error);
    }
    interrupt.abort(error);
  });
  try {
    const context = createContext(interrupt.signal, (created) => {
      reporter = created;
    });
    await createProgram(context).parseAsync();
  } catch (error) {
    fail(error as Error);
  } finally {
    isOver = true;
    // Not each command can be interrupted.
    if (lost && !process.exitCode) fail(lost);
    process.off('beforeExit', stuck);
    reporter?.close();
    if (interrupt.signal.reason instanceof Interrupted) endSoon(interrupt.signal.reason);
  }
}

function createProgram(context: Context): Command {
  const program = new Command('inband')
    .description('Sends files to a JID and fetches blobs by cid, inside the XMPP stream.')
    .version(version)
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` })
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'inband: ')),
    })
    .exitOverride();
  addSendCommand(program, context);
  addReceiveCommand(program, context);
  addPublishCommand(program, context);
  addFetchCommand(program, context);
  addProbeCommand(program, context);
  addCacheCommand(program, context);
  addConfigCommand(program, context);
  addCompletionCommand(program, context);
  addManCommand(program, context);
  program.hook('preAction', async (_, command) => {
    const { applySettings } = await import('./commands/settings/apply-settings.js');
    await applySettings(program, command, context);
  });
  for (const command of program.commands) command.exitOverride();
  return program;
}

function createContext(signal: AbortSignal, onReporter: (reporter: Reporter) => void): Context {
  const { env, stdin, stdout, stderr } = process;
  return {
    ...{ env, stdin, stdout, stderr, signal, exitCodeOf, createRegistry, openCache },
    now: () => new Date(),
    // Loaded when they are needed: the start of `--help` should not wait for them.
    connect,
    openInbox: async (directory, options) =>
      (await import('./storage/inbox/inbox.js')).openInbox(directory, options),
    saveFile: async (bytes, where) =>
      (await import('./storage/save-file.js')).saveFile(bytes, where, signal),
    reporter: async (flags) => {
      const reporter = await createReporter(flags);
      onReporter(reporter);
      return reporter;
    },
  };
}

async function connect(options: ConnectOptions): Promise<Session> {
  const { limitHeap } = await import('./heap.js');
  const session = await (await import('./session/connect.js')).connect(options);
  limitHeap();
  return session;
}

function createReporter({ json = false, quiet = false, verbose = false }: OutputFlags) {
  const { env, stdout, stderr } = process;
  const stderrIsTTY = stderr.isTTY ?? false;
  const mode = chooseMode({ json, stderrIsTTY, ...(env.TERM ? { term: env.TERM } : {}) });
  return createReport({ mode, quiet, verbose, stdout, stderr, now: () => performance.now() });
}

/** Blobs on disk are the default of the registry's storage operations. */
async function createRegistry(): Promise<HandlerRegistry> {
  const { blobHandlers } = await import('./storage/blobs/blob-handlers.js');
  const { parseContentId } = await import('./protocol/bob/content-id.js');
  const { registerBlobs } = await import('./protocol/bob/memory-blobs.js');
  const { published, cached } = await openBlobFolders();
  return registerBlobs(new HandlerRegistry(), blobHandlers(published, cached, parseContentId));
}

async function openBlobFolders() {
  const { BlobFolder } = await import('./storage/blobs/blob-folder.js');
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
  const { listBlobs } = await import('./storage/blobs/blob-list.js');
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

/** Results that cannot be written make the command fail, however far it is. */
function onOutputLost(lost: (error: Error) => void): void {
  process.stdout.once('error', lost);
  // What follows fails, too; and of stderr nobody is left to tell.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
}

function exitCodeOf(error: NodeJS.ErrnoException): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof FileFailed) return exitCodeOf(error.cause);
  // What the user cancelled in the middle of a pipeline.
  if (error.name === 'AbortError' && error.cause instanceof Error) return exitCodeOf(error.cause);
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  // Node ignores the signal: who reads our results has read enough.
  if (error.code === 'EPIPE') return SIGPIPE;
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
  const why = error instanceof FileFailed ? error.cause : error;
  const about = error instanceof FileFailed ? { name: error.file } : {};
  const text = exitCode === UNEXPECTED ? `unexpected error: ${why.stack}` : messageOf(why);
  if (reporter) reporter.report({ event: 'failed', error: text, exitCode, ...about });
  else process.stderr.write(`inband: ${text}\n`);
}

/** `ENOENT: no such file or directory, open 'x'` → `cannot open x: no such file or directory`. */
function messageOf(error: Error): string {
  const { name, message } = error;
  const [, reason, call, path] = /^\w+: (.+), (\w+)(?: '(.*)')?/.exec(message) ?? [];
  // Whether it was looked at before it was opened is of no interest.
  const verb = call === 'stat' ? 'open' : call;
  if (isFileError(error) && reason) return `cannot ${verb} ${path ?? 'a file'}: ${reason}`;
  const next = NEXT_STEPS[name];
  return next && !message.includes('; ') ? `${message}; ${next}` : message;
}
