import { setMaxListeners } from 'node:events';
import { CommanderError } from 'commander';
import { version } from '../package.json';
import type { Context, OutputFlags } from './commands/context.js';
import { EXIT_CODES } from './commands/exit-codes.js';
import { createProgram } from './commands/program.js';
import { sentence } from './file-errors.js';
import { secretFolders, settingsPath } from './folders.js';
import { endBy, endSoon, Interrupted, onSignals } from './signals.js';
import { chooseMode, createReport } from './ui/create-report.js';
import { jsonReporter } from './ui/json.js';
import { plainReporter } from './ui/plain.js';
import type { Reporter } from './ui/report.js';

/** What a report of a bug has to name. */
const runtime = `Node ${process.versions.node}, ${process.platform} ${process.arch}`;

void main(); // the bundle is CommonJS, which has no await at the top level

async function main(): Promise<void> {
  const interrupt = new AbortController();
  // Each transfer listens to it, and Node would warn of more than ten.
  setMaxListeners(0, interrupt.signal);
  let reporter: Reporter | undefined;
  const fail = (error: Error) => explain(error, reporter);
  let [isOver, lost] = [false, undefined as Error | undefined];
  onOutputLost((error) => {
    lost = error;
    if (isOver) void fail(error);
    else interrupt.abort(error);
  });
  // Nothing is left to wait for, and the command is not done.
  const stuck = () => void fail(new Error('what it waited for cannot come any more'));
  process.once('beforeExit', stuck);
  onSignals((error) => {
    // The second time, or where the command is over and something keeps the process, nothing is waited for.
    if (isOver || interrupt.signal.aborted) {
      reporter?.close();
      endBy(error, isOver ? Number(process.exitCode ?? 0) : error.exitCode);
    }
    interrupt.abort(error);
  });
  try {
    const context = createContext(interrupt.signal, (created) => {
      reporter = created;
    });
    await run(context);
  } catch (error) {
    await fail(error as Error);
  } finally {
    isOver = true;
    // Not each command can be interrupted.
    if (lost && !process.exitCode) await fail(lost);
    process.off('beforeExit', stuck);
    reporter?.close();
    if (interrupt.signal.reason instanceof Interrupted) endSoon(interrupt.signal.reason);
  }
}

/** Runs the command; a person who names none, and has no account yet, is offered to set one up. */
async function run(context: Context): Promise<void> {
  const program = createProgram(context, `${version} (${runtime})`);
  try {
    await program.parseAsync();
  } catch (error) {
    const { stdin, stderr, env } = context;
    const isAlone = error instanceof CommanderError && program.args.length === 0;
    const hasHelp = isAlone && error.code === 'commander.help';
    if (!hasHelp || !stdin.isTTY || !stderr.isTTY || env.INBAND_ACCOUNT) throw error;
    const { offerLogin } = await import('./commands/login/offer-login.js');
    if (!(await offerLogin(program, context))) throw error;
  }
}

/** Says what failed, and sets the exit code. */
async function explain(error: Error, reporter: Reporter | undefined): Promise<void> {
  if (error instanceof CommanderError) {
    // The help was shown, as was asked for or as no command was given.
    process.exitCode = EXIT_CODES[error.exitCode === 0 ? 'done' : 'usage'].code;
    return;
  }
  const { exitCode, text, hints } = await toldOf(error);
  process.exitCode = exitCode;
  if (text === undefined) return;
  const told = {
    event: 'failed',
    error: text,
    ...(hints.length ? { hints } : {}),
    exitCode,
  } as const;
  (reporter ?? earlyReporter()).report(told);
}

/** For what is wrong before the flags are read, or with one of them. */
function earlyReporter(): Reporter {
  const { stdout, stderr, argv } = process;
  // What stands behind "--" is no flag.
  const hasJson = argv.some((word, at) => word === '--json' && !argv.slice(0, at).includes('--'));
  const create = hasJson ? jsonReporter : plainReporter;
  return create({ stdout, stderr, quiet: false, verbose: false, now: () => 0 });
}

/** What is told of an error; or why nothing can be, as the program is not whole. */
async function toldOf(error: Error) {
  try {
    const { exitCodeOf, textOf, hintsOf } = await failures();
    return { exitCode: exitCodeOf(error), text: textOf(error), hints: hintsOf(error) };
  } catch (notLoaded) {
    const text = sentence(notLoaded as Error);
    return { exitCode: EXIT_CODES.unexpected.code, text, hints: [] };
  }
}

function createContext(signal: AbortSignal, onReporter: (reporter: Reporter) => void): Context {
  const { env, stdin, stdout, stderr } = process;
  let made: Reporter | undefined;
  const warn = (text: string) => made?.warn(text);
  // Loaded when it is needed: the start of `--help` should not wait for it.
  const world = async () => (await import('./world.js')).createWorld({ env, signal, warn });
  return {
    ...{ env, stdin, stdout, stderr, signal },
    ...{ settingsPath: settingsPath(env), secretFolders: secretFolders(env) },
    now: () => new Date(),
    connect: async (options) => (await world()).connect(options),
    openInbox: async (directory, options) => (await world()).openInbox(directory, options),
    readRecords: async function* (directory, warn) {
      yield* (await world()).readRecords(directory, warn);
    },
    openMarks: async (directory) => (await world()).openMarks(directory),
    askAgain: async (directory) => (await world()).askAgain(directory),
    isAskedAgain: async (directory) => (await world()).isAskedAgain(directory),
    isReceiving: async (directory, until) => (await world()).isReceiving(directory, until),
    startOf: async (pid) => (await world()).startOf(pid),
    createRegistry: async () => (await world()).createRegistry(),
    openCache: async () => (await world()).openCache(),
    openKeys: async () => (await world()).openKeys(),
    openTrust: async () => (await world()).openTrust(),
    writeSecret: async (path, text) => (await world()).writeSecret(path, text),
    whileLocked: async (folder, job) => (await world()).whileLocked(folder, job),
    failures: () => failures(),
    contacts: {
      list: async () => (await world()).contacts.list(),
      isOld: async () => (await world()).contacts.isOld(),
      keep: async (jids) => (await world()).contacts.keep(jids),
    },
    saveFile: async (bytes, where) => (await world()).saveFile(bytes, where),
    reporter: async (flags) => {
      made = await createReporter(flags);
      onReporter(made);
      return made;
    },
  };
}

/** With it comes all that can throw, which `--help` does not wait for. */
const failures = () => import('./failures.js');

function createReporter({ json = false, quiet = false, verbose = false }: OutputFlags) {
  const { env, stdout, stderr } = process;
  const stderrIsTTY = stderr.isTTY ?? false;
  const mode = chooseMode({ json, stderrIsTTY, ...(env.TERM ? { term: env.TERM } : {}) });
  return createReport({ mode, quiet, verbose, stdout, stderr, now: () => performance.now() });
}

/** Results that cannot be written make the command fail, however far it is. */
function onOutputLost(lost: (error: Error) => void): void {
  process.stdout.once('error', (error) => {
    // No system call names it.
    lost(Object.assign(error, { path: 'standard output' }));
  });
  // What follows fails, too; and of stderr nobody is left to tell.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
}
