import { once } from 'node:events';
import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { changesUntil } from '../support/files.js';
import { accountOf, type RunOptions, runInband } from '../support/programs/inband.js';
import type { Running } from '../support/programs/process.js';
import { type Prosody, type ProsodyOptions, startProsody } from '../support/servers/prosody.js';
import type { TestServer } from '../support/servers/server.js';

export { hashOfFile, sha256, writeRandom } from '../support/files.js';

export interface Actor extends Running {
  /** The empty folder that it was started in. */
  readonly folder: string;
}

export interface ActorOptions extends Partial<Omit<RunOptions, 'env'>> {
  /** Over the account's own environment; `undefined` takes a variable away. */
  env?: Record<string, string | undefined>;
}

/** A real server for a test file, and users who run the built program there, each with a home of their own. */
export interface Stage<Server extends TestServer = Prosody> {
  readonly server: Server;
  /** An empty folder, removed after the test. */
  folder(): string;
  /** The same for all that one user runs in a test. */
  home(name: string): string;
  /** Runs the program as the owner of an account; it is killed after the test. */
  inband(name: string, args: string[], options?: ActorOptions): Actor;
  /** Runs `inband receive` and waits until it is online. */
  receive(name: string, args?: string[], options?: ActorOptions): Promise<Actor>;
}

/**
 * Accounts: `alice` and `bob`, who are contacts, and `mallory`, a stranger. To be called once, at the
 * top of a test file.
 */
export const prepareStage = (options: ProsodyOptions = {}): Stage =>
  prepareStageOn(() => startProsody(options));

/** The same on another server, or in a `describe`. */
export function prepareStageOn<Server extends TestServer>(
  startServer: () => Promise<Server>,
): Stage<Server> {
  const folders: string[] = [];
  const homes = new Map<string, string>();
  const actors: Actor[] = [];
  let server: Server | undefined;

  beforeAll(async () => {
    server = await startServer();
    await server.addAccount('mallory');
    await server.subscribe('alice', 'bob');
  });
  afterAll(() => server?.stop());
  afterEach(async () => {
    // Not by SIGKILL: the server would keep their sessions for them, and others would wait for answers.
    const ended = actors.splice(0);
    await Promise.all(ended.map((actor) => actor.stop()));
    // What Node warns of is ours, as a leak of listeners, and means nothing to a user.
    for (const { stderr } of ended) expect(stderr()).not.toMatch(/^\(node:\d+\) \w+Warning/m);
    await Promise.all(folders.splice(0).map((path) => rm(path, { recursive: true })));
    homes.clear();
  });

  const stage: Stage<Server> = {
    get server() {
      if (!server) throw new Error('the server is there in tests only');
      return server;
    },
    folder: () => {
      const path = mkdtempSync(join(tmpdir(), 'inband-e2e-'));
      folders.push(path);
      return path;
    },
    home: (name) => {
      const home = homes.get(name) ?? stage.folder();
      homes.set(name, home);
      return home;
    },
    inband: (name, args, { env, ...others } = {}) => {
      const folder = stage.folder();
      const running = runInband(args, {
        cwd: folder,
        home: stage.home(name),
        env: defined({ ...accountOf(stage.server, name), ...env }),
        ...others,
      });
      const actor = { ...running, folder };
      actors.push(actor);
      return actor;
    },
    receive: async (name, args = [], options) => {
      const actor = stage.inband(name, ['receive', ...args], options);
      if (args.includes('--json')) await actor.line(/^\{"event":"state","state":"online"/);
      else await actor.line(/^online as /, 'stderr');
      return actor;
    },
  };
  return stage;
}

function defined(variables: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(variables).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries as [string, string][]);
}

export interface Outcome {
  /** Exit code, or the signal that ended it. */
  code: number | string | null;
  stdout: string;
  stderr: string;
}

/** Waits for the end. */
export async function outcomeOf(running: Running): Promise<Outcome> {
  const { code, signal } = await running.exited;
  return { code: signal ?? code, stdout: running.stdout(), stderr: running.stderr() };
}

/** Waits for the end, which must be a success; the lines of standard output. */
export async function resultsOf(running: Running): Promise<string[]> {
  const outcome = await outcomeOf(running);
  expect(outcome).toMatchObject({ code: 0 });
  return linesOf(outcome.stdout);
}

/** The first `count` lines of standard output, of a program that goes on. */
export async function firstResults(running: Running, count: number): Promise<string[]> {
  const ended = running.exited.then(() => {
    throw new Error(`${count} lines were expected: ${running.stdout()}\n${running.stderr()}`);
  });
  ended.catch(() => {});
  for (;;) {
    const lines = running.stdout().split('\n').slice(0, -1);
    if (lines.length >= count) return lines.slice(0, count);
    await Promise.race([once(running.child.stdout as Readable, 'data'), ended]);
  }
}

/** The whole lines; throws when the last one is not whole. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error(`no newline at the end of ${JSON.stringify(text)}`);
  return lines;
}

/** What is said without what is waited for, which is told where it takes more than a second: on a slow machine. */
export const withoutWaits = (stderr: string): string =>
  stderr.replaceAll(/^(connecting as|looking for|waiting for|asking|reading( again)?) .*\n/gm, '');

export type JsonEvent = Record<string, unknown>;

/** Reads the lines of `--json` as strictly as its promise: `event` first, no spaces. */
export function eventsOf(text: string): JsonEvent[] {
  return linesOf(text).map((line) => {
    const event = JSON.parse(line) as JsonEvent;
    expect(Object.keys(event)[0]).toBe('event');
    expect(line).toBe(JSON.stringify(event));
    return event;
  });
}

/** All files below a folder, hidden ones too, by their relative paths; no folders, and neither lock nor ledger, nor contacts. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !/\.inband\/(lock\/|ledger\.)|\/inband\/contacts$/.test(path))
    .filter((path) => !statSync(join(folder, path)).isDirectory())
    .sort();
}

/** Waits until a receiver has made some of a file durable in its inbox, so that a kill does not cost all. */
export async function pastCheckpoint(inbox: string): Promise<void> {
  const staging = join(inbox, '.inband');
  await changesUntil(staging, () => readdirSync(staging).some((name) => name.endsWith('.json')));
}
