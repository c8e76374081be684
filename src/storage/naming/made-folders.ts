import { basename, dirname, join } from 'node:path';
import { NoFolder } from '../../transfer/inbox-errors.js';
import type { FileOwner, FileRecord } from '../../transfer/receiving/ledger.js';
import { unless } from '../files.js';
import { inTurn } from '../in-turn.js';
import { isFolderOf } from '../ledger/folder-record.js';
import { bytesOfFolder } from '../ledger/folder-records.js';
import { settleFolders } from '../ledger/settle-folders.js';
import { FolderReplaced, OpenFolder, openBelow } from '../open-folder.js';
import { safeName } from '../safe-name.js';
import { type Entered, type MakingOptions, makeFolder } from './make-folder.js';

interface Options extends MakingOptions {
  records(): Iterable<FileRecord>;
}

/** For ` (1)` and the like: so many files of one name that need more nobody has. */
const NUMBER_BYTES = 8;

/** Milliseconds until it is looked again which folders are gone, where there are too many. */
const PAUSE_MS = 60_000;

/**
 * The folders of an inbox that are made for what is sent with a path. One is entered only if it was made for the same
 * account or key, and is still the one: nothing is added to a folder of the user's or of somebody else, and nothing in the
 * clear, which a server can forge, to what came sealed.
 */
export class MadeFolders {
  readonly #options: Options;
  /** Files that arrive together may need the same folder. */
  readonly #inTurn = inTurn();
  #settledAt = Number.NEGATIVE_INFINITY;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Below the inbox. */
  get paths(): string[] {
    return [...this.#options.written.records.all()].map(({ path }) => path);
  }

  /**
   * Works in the folder for this offered path, which is made where it is missing, under a name that is safe and free; once
   * more where somebody removes it meanwhile. Rejects with `NoFolder`, and `FolderReplaced`.
   */
  async within<T>(
    owner: FileOwner,
    offered: readonly string[],
    work: (entered: Entered) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#within(owner, offered, work);
    } catch (error) {
      if (!isGone(error as Error)) throw error;
    }
    return this.#within(owner, offered, work).catch((error: Error) => {
      if (!isGone(error)) throw error;
      throw new FolderReplaced(`${offered.join('/')} was removed while a file arrived`);
    });
  }

  /** Makes a folder in which there is nothing; returns its absolute path. */
  make(owner: FileOwner, offered: readonly string[]): Promise<string> {
    return this.within(owner, offered, async ({ folder }) => folder.path);
  }

  /** The absolute path of the folder that was made for this offered path, if it is there still. */
  async find(owner: FileOwner, offered: readonly string[]): Promise<string | undefined> {
    const { files, inbox, written } = this.#options;
    const { path, trace } = written.records.find(owner, offered) ?? {};
    if (path === undefined || !trace) return undefined;
    const folder = await openBelow(files, inbox, path.split('/'));
    if (!folder) return undefined;
    const { dev } = await files.stat(inbox).finally(() => folder.close());
    return isFolderOf(trace, folder.stats, dev) ? join(inbox, path) : undefined;
  }

  /**
   * Rejects with `NoFolder` where it is known that a file cannot be put into this folder: there would be too many, or the
   * path is too long for the system.
   */
  async check(owner: FileOwner, offered: readonly string[], name: string): Promise<void> {
    const { files, inbox, written } = this.#options;
    let [path, missing, bytes] = ['', 0, 0];
    for (let depth = 1; depth <= offered.length; depth += 1) {
      const components = offered.slice(0, depth);
      const known = written.records.find(owner, components);
      path = known?.path ?? join(path, safeName(components.at(-1) as string));
      if (known) continue;
      missing += 1;
      bytes += bytesOfFolder({ ...owner, path, offered: components });
    }
    // Where folders are looked for that are gone, none may be half made.
    if (missing > 0) await this.#inTurn(() => this.#checkRoom(owner, bytes));
    // Each name that is new may get a number behind it.
    const numbers = './'.repeat((NUMBER_BYTES / 2) * (missing + 1));
    const there = files.lstat(`${inbox}/${numbers}${join(path, safeName(name))}`);
    await unless(['ENOENT', 'ENOTDIR'], there).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENAMETOOLONG' ? new NoFolder('its path is too long here') : error;
    });
  }

  async #within<T>(
    owner: FileOwner,
    offered: readonly string[],
    work: (entered: Entered) => Promise<T>,
  ): Promise<T> {
    const entered = await this.#inTurn(() => this.#enter(owner, offered));
    return work(entered).finally(() => entered.folder.close());
  }

  async #enter(owner: FileOwner, offered: readonly string[]): Promise<Entered> {
    const { files, inbox } = this.#options;
    const root = await OpenFolder.open(files, inbox, { mayFollow: true });
    if (!root) throw Object.assign(new Error(`${inbox} is no folder`), { syscall: 'open' });
    const { dev } = root.stats;
    let at: Entered = { folder: root, path: '' };
    for (let depth = 1; depth <= offered.length; depth += 1) {
      const above = at;
      const step = this.#step(above, owner, offered.slice(0, depth), dev);
      at = await step.finally(() => above.folder.close());
    }
    return at;
  }

  async #step(
    above: Entered,
    owner: FileOwner,
    offered: readonly string[],
    device: number,
  ): Promise<Entered> {
    const known = this.#options.written.records.find(owner, offered);
    const isHere = known !== undefined && dirname(`/${known.path}`) === `/${above.path}`;
    const name = isHere ? basename(known.path) : undefined;
    const folder = name === undefined ? undefined : await above.folder.enter(name);
    const isIt = known?.trace && folder && isFolderOf(known.trace, folder.stats, device);
    if (isIt) return { folder, path: known.path };
    await folder?.close();
    await this.#checkRoom(owner);
    return makeFolder(above, { owner, offered }, name, this.#options);
  }

  /** Folders that are gone count no more. */
  async #checkRoom({ account }: FileOwner, bytes = 0): Promise<void> {
    const { written, records, now } = this.#options;
    if (written.records.hasRoom(account, bytes)) return;
    if (Math.abs(now() - this.#settledAt) >= PAUSE_MS) {
      this.#settledAt = now();
      await settleFolders(this.#options, written, records());
      if (written.records.hasRoom(account, bytes)) return;
    }
    throw new NoFolder('there are too many folders of its sender');
  }
}

const isGone = ({ code }: NodeJS.ErrnoException): boolean => code === 'ENOENT';
