import type { Readable, Writable } from 'node:stream';
import type { ConnectOptions } from '../session/given/connect-options.js';
import type { Session } from '../session/session.js';
import type { BlobCache } from '../transfer/blobs/blob-cache.js';
import type { SecretKeys } from '../transfer/keys/own-key.js';
import type { TrustStore } from '../transfer/keys/trusted-keys.js';
import type { ArchiveMarks } from '../transfer/links/archive-marks.js';
import type { KnownContacts } from '../transfer/people/known-contacts.js';
import type { Inbox, InboxOptions } from '../transfer/receiving/inbox.js';
import type { FileRecord } from '../transfer/receiving/ledger.js';
import type { Registry } from '../transfer/registry.js';
import type { Explained } from '../transfer/sending/delivery.js';
import type { Reporter } from '../ui/report.js';

/** What a command needs from the world; `main` provides it. */
export interface Context {
  env: NodeJS.ProcessEnv;
  /** The settings file, whether there is one or not. */
  settingsPath: string;
  /** Where secrets are kept, whether there are any or not. */
  secretFolders: readonly string[];
  stdin: Readable & { isTTY?: boolean };
  stdout: NodeJS.WritableStream;
  stderr: Writable & { isTTY?: boolean };
  /** Aborted on the first SIGINT or SIGTERM. */
  signal: AbortSignal;
  now: () => Date;
  /**
   * Gives what tells the process's exit code for an error, what the user reads of it, if anything, and whether it would
   * be the same with the next file.
   */
  failures: () => Promise<{
    exitCodeOf(error: Error): number;
    textOf(error: Error): string | undefined;
    hintsOf(error: Error): readonly string[];
    meetsAll(error: Error): boolean;
  }>;
  connect: (options: ConnectOptions) => Promise<Session>;
  openInbox: (directory: string, options?: InboxOptions) => Promise<Inbox>;
  /** What the inbox in this folder remembers, oldest first; also while somebody receives there. */
  readRecords: (directory: string, warn: (text: string) => void) => AsyncIterable<FileRecord>;
  /** What an inbox that is open remembers of archives. */
  openMarks: (directory: string) => Promise<ArchiveMarks>;
  /** Asks whoever receives into this folder to run `--exec` once more where it failed. */
  askAgain: (directory: string) => Promise<void>;
  /** Whether that has been asked for, and is not over. */
  isAskedAgain: (directory: string) => Promise<boolean>;
  /** Whether somebody receives into this folder and gives signs of life, for which it waits up to 30 s. */
  isReceiving: (directory: string, until?: AbortSignal) => Promise<boolean>;
  /** Says when a process started; `undefined`: there is none. */
  startOf: (pid: number) => Promise<string | undefined>;
  /**
   * Writes a file beside what is there, or over the one named; returns its absolute path. A secret replaces none but what
   * `isOne` says it may, is its owner's alone, and has its path where a link leads to.
   */
  saveFile: (
    bytes: Uint8Array,
    where:
      | { over: string; secret?: { what: string; isOne: (bytes: Buffer) => boolean } }
      | { name: string; folder?: string | undefined },
  ) => Promise<string>;
  /** A registry whose default handlers keep blobs on disk. */
  createRegistry: () => Promise<Registry>;
  /** The same blobs, to be looked through. */
  openCache: () => Promise<BlobCache>;
  /** The roster of the last login, which Tab completes. */
  contacts: KnownContacts;
  /** The keys of own accounts. */
  openKeys: () => Promise<SecretKeys>;
  /** Whose keys are trusted. */
  openTrust: () => Promise<TrustStore>;
  /** Writes or replaces a file that nobody else may read. */
  writeSecret: (path: string, text: string) => Promise<void>;
  /**
   * Does it while no other inband has the lock of this folder; the user hears what is waited for. Rejects with `FolderInUse`
   * where that takes 10 s, or up to 30 s until one in another container or on another host gives a sign of life; and with
   * the signal's reason where that comes before the lock.
   */
  whileLocked: <T>(folder: string, job: () => Promise<T>) => Promise<T>;
  /** Shows events as the flags ask for; there is one reporter in a run. */
  reporter: (flags: OutputFlags) => Promise<Reporter>;
}

export interface OutputFlags {
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
}

/** Says what an error is to the user. */
export async function explanationsBy({
  failures,
}: Pick<Context, 'failures'>): Promise<(error: Error) => Explained> {
  const { exitCodeOf, textOf, hintsOf, meetsAll } = await failures();
  return (error) => ({
    text: textOf(error),
    hints: hintsOf(error),
    exitCode: exitCodeOf(error),
    isOurs: meetsAll(error),
  });
}

/** A flag, a variable or a file given to the command makes no sense; nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What would be right, a line each. */
  readonly hints: readonly string[];
  constructor(message: string, ...hints: string[]) {
    super(message);
    this.hints = hints;
  }
}

/** A flag, or its like in the settings file, does not take the value given. */
export class UnfitValue extends UsageError {
  constructor(
    flag: string,
    value: string,
    /** What it takes, in words. */
    readonly takes: string,
  ) {
    super(`${flag} takes ${takes}; not ${value}`);
  }
}
