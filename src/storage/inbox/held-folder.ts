import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type { InboxOptions } from '../../transfer/receiving/inbox.js';
import {
  makeDirectories,
  makePrivateDirectory,
  othersMayWrite,
  syncDirectory,
} from '../directories.js';
import { type Files, unless } from '../files.js';
import { inTurn } from '../in-turn.js';
import { openLedger } from '../ledger/ledger-on-disk.js';
import {
  type FolderLock,
  type Locking,
  type LockOptions,
  lockFolder,
} from '../lock/folder-lock.js';
import { MadeFolders } from '../naming/made-folders.js';
import { KeptPartials } from './kept-partials.js';
import type { Shared } from './partial.js';
import { sweep } from './sweep.js';

/** Holds the partials; on the inbox's own file system, so that publishing is one `link`. */
const STAGING = '.inband';

/** The inbox, or the folder in it that holds the partials, is not what it was when it was opened. */
export class InboxReplaced extends Error {
  override readonly name = 'InboxReplaced';
}

/** Shortages of the moment are no reason to give the folder up. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EDQUOT', 'EIO', 'ESTALE']);
export const isShortage = ({ code = '' }: NodeJS.ErrnoException): boolean => PASSING.has(code);

type Contents = Omit<Shared, 'check' | 'syncInTurn'>;

/** An inbox under its lock. */
export class HeldFolder {
  readonly shared: Shared;
  readonly #lock: FolderLock;
  /** The inbox itself, a link not followed, and what it leads to. */
  readonly #found: { itself: Stats; folder: Stats };
  #lookedAt = 0;

  /**
   * Makes the folder if absent, locks it, and removes what killed processes have left in it. Rejects with FolderInUse;
   * when `.inband` in it is not a directory of our own.
   */
  static async open(
    inbox: string,
    locking: Locking,
    options: InboxOptions & Pick<LockOptions, 'onLost'>,
  ): Promise<HeldFolder> {
    const { files } = locking;
    const folders = { files, inbox, staging: join(inbox, STAGING), now: locking.now };
    const isPrivate = await make(folders);
    const lock = await lockFolder(folders.staging, locking, options);
    try {
      if (!isPrivate)
        options.warn?.(`others may read what arrives: the disk of ${folders.staging} has no modes`);
      if (await othersMayWrite(files, inbox)) options.warn?.(`others may put files into ${inbox}`);
      const found = { itself: await files.lstat(inbox), folder: await files.stat(inbox) };
      return new HeldFolder(await contentsOf(folders, options), lock, found);
    } catch (error) {
      await lock.release().catch(() => undefined); // the first error tells more
      throw error;
    }
  }

  private constructor(
    contents: Contents,
    lock: FolderLock,
    found: { itself: Stats; folder: Stats },
  ) {
    const check = (age?: number) => this.#check(age);
    this.shared = { ...contents, check, syncInTurn: inTurn() };
    this.#lock = lock;
    this.#found = found;
    this.#lookedAt = contents.now();
  }

  release(): Promise<void> {
    return this.#lock.release();
  }

  /** Whether it is in its place, and ours: nobody else knows the name of our file in the lock. */
  async isInPlace(): Promise<boolean> {
    const { files, inbox, staging, now } = this.shared;
    const itself = await look(files, inbox);
    if (itself?.isSymbolicLink() !== this.#found.itself.isSymbolicLink()) return false;
    if (!(await look(files, staging))?.isDirectory()) return false;
    if (!(await this.#lock.isHeld())) return false;
    this.#lookedAt = now();
    return true;
  }

  /**
   * Rejects with InboxReplaced unless the same path may be opened again: the folder is gone, or it is the one that it
   * was, emptied. Another one may be what is below a disk that was unmounted, or was put there by somebody else.
   */
  async mayBeOpenedAgain(): Promise<void> {
    const { files, inbox } = this.shared;
    const itself = await look(files, inbox);
    if (!itself) return;
    const { dev, ino } = (await unless(['ENOENT'], files.stat(inbox))) ?? itself;
    const was = this.#found;
    const isLink = itself.isSymbolicLink();
    if (isLink === was.itself.isSymbolicLink() && dev === was.folder.dev && ino === was.folder.ino)
      return;
    throw new InboxReplaced(
      `${inbox} is no longer the folder that it was: ${isLink ? 'a link' : 'another one'} was put or mounted in its place`,
    );
  }

  /** `age`: how many milliseconds the last look may be ago. */
  async #check(age = 0): Promise<void> {
    const { now, staging } = this.shared;
    if (Math.abs(now() - this.#lookedAt) < age) return;
    if (await this.isInPlace()) return;
    throw new InboxReplaced(`${staging} was removed or replaced while a file arrived`);
  }
}

/** The inbox, and the folder in it that holds the partials. */
type Folders = Pick<Shared, 'files' | 'inbox' | 'staging' | 'now'>;

/** Makes both where they are missing, durably. Returns whether nobody else may look into that of the partials. */
async function make({ files, inbox, staging }: Folders): Promise<boolean> {
  for (const made of await makeDirectories(files, inbox, 0o755)) {
    // A folder that we may write to and not read cannot be synced.
    await unless(['EACCES'], syncDirectory(files, dirname(made)));
  }
  return makePrivateDirectory(files, staging);
}

/** What an earlier process has left, once the folder is locked; partials that cannot be gone on with are removed. */
async function contentsOf(folders: Folders, options: InboxOptions): Promise<Contents> {
  const partials = await sweep(folders);
  // What became of a file is seen only when its other name is gone.
  const ledger = await openLedger(folders, limitsOf(options));
  const kept = new KeptPartials(folders, options.maxTotal);
  for (const one of partials) await kept.add(one);
  const records = () => ledger.records();
  const made = new MadeFolders({ ...folders, written: ledger.folders, records });
  return { ...folders, kept, ledger, folders: made };
}

const limitsOf = ({ keepRecords, keepRecordsFor, warn }: InboxOptions) => ({
  ...{ maxRecords: keepRecords, maxAge: keepRecordsFor, warn },
});

function look(files: Files, path: string): Promise<Stats | undefined> {
  return unless(['ENOENT', 'ENOTDIR'], files.lstat(path));
}
