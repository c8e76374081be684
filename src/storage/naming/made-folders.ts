import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { FileOwner, FileRecord } from '../../transfer/receiving/ledger.js';
import { type Files, unless } from '../files.js';
import { inTurn } from '../in-turn.js';
import { type FolderRecord, folderTraceOf, isFolderOf } from '../ledger/folder-record.js';
import type { WrittenFolders } from '../ledger/folder-records.js';
import { settleFolders } from '../ledger/settle-folders.js';
import { OpenFolder } from '../open-folder.js';
import { safeName } from '../safe-name.js';
import { takeFreeName } from './place-file.js';

interface Options {
  files: Files;
  inbox: string;
  /** Milliseconds since 1970. */
  now: () => number;
  written: WrittenFolders;
  records(): Iterable<FileRecord>;
}

/** A folder below the inbox that files of one account, or of one key, may go to. */
export interface Entered {
  folder: OpenFolder;
  /** Below the inbox. */
  path: string;
}

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
   * Opens the folder for this offered path, made where it is missing, under a name that is safe and free. To be closed.
   * Rejects with `NoRoom` where the account has too many.
   */
  enter(owner: FileOwner, offered: readonly string[]): Promise<Entered> {
    return this.#inTurn(() => this.#enter(owner, offered));
  }

  /** Makes a folder in which there is nothing; returns its absolute path. */
  async make(owner: FileOwner, offered: readonly string[]): Promise<string> {
    const { folder } = await this.enter(owner, offered);
    await folder.close();
    return folder.path;
  }

  async #enter(owner: FileOwner, offered: readonly string[]): Promise<Entered> {
    const { files, inbox } = this.#options;
    const root = await OpenFolder.open(files, inbox, { mayFollow: true });
    if (!root) throw Object.assign(new Error(`${inbox} is no directory`), { syscall: 'open' });
    let at: Entered = { folder: root, path: '' };
    for (let depth = 1; depth <= offered.length; depth += 1) {
      const above = at;
      const step = this.#step(above, owner, offered.slice(0, depth));
      at = await step.finally(() => above.folder.close());
    }
    return at;
  }

  async #step(above: Entered, owner: FileOwner, offered: readonly string[]): Promise<Entered> {
    const known = this.#options.written.records.find(owner, offered);
    const isHere = known !== undefined && dirname(`/${known.path}`) === `/${above.path}`;
    const name = isHere ? basename(known.path) : undefined;
    const folder = name === undefined ? undefined : await above.folder.enter(name);
    if (folder && known && isThat(folder, known)) return { folder, path: known.path };
    await folder?.close();
    return this.#make(above, owner, offered, name);
  }

  /** `before`: the name that it had before it was removed. */
  async #make(
    above: Entered,
    owner: FileOwner,
    offered: readonly string[],
    before: string | undefined,
  ): Promise<Entered> {
    await this.#checkRoom(owner);
    const { files } = this.#options;
    const take = (name: string) => this.#take(above, name, owner, offered);
    const isTaken = async (name: string) =>
      (await unless(['ENOENT'], files.lstat(above.folder.at(name)))) !== undefined;
    try {
      const same = before === undefined || (await isTaken(before)) ? undefined : await take(before);
      return same ?? (await takeFreeName(safeName(offered.at(-1) as string), isTaken, take));
    } catch (error) {
      throw above.folder.explained(error as Error);
    }
  }

  /** Makes the folder of this name; `undefined` where it is taken. */
  async #take(
    above: Entered,
    name: string,
    { account, sealedBy }: FileOwner,
    offered: readonly string[],
  ): Promise<Entered | undefined> {
    const { files, inbox, now, written } = this.#options;
    const path = join(above.path, name);
    // Whoever has the path must be able to use it: the system says where it is too long.
    const there = await unless(['ENOENT', 'ENOTDIR'], files.lstat(join(inbox, path)));
    if (there) return undefined;
    const record = {
      ...{ id: randomUUID(), account, offered, path, at: new Date(now()) },
      ...(sealedBy === undefined ? {} : { sealedBy }),
    };
    await written.intend(record);
    let folder: OpenFolder | undefined;
    try {
      await files.mkdir(above.folder.at(name), { mode: 0o700 });
      folder = await above.folder.enter(name);
      if (!folder) throw Object.assign(new Error(`${path} was removed`), { code: 'EEXIST' });
      await above.folder.sync();
      await written.complete(record, folderTraceOf(folder.stats));
      return { folder, path };
    } catch (error) {
      await folder?.close();
      await written.forget(record).catch(() => undefined); // the first error tells more
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return undefined;
    }
  }

  /** Those that are gone count no more. */
  async #checkRoom({ account }: FileOwner): Promise<void> {
    const { written, records, now } = this.#options;
    try {
      written.records.checkRoom(account);
    } catch (error) {
      if (Math.abs(now() - this.#settledAt) < PAUSE_MS) throw error;
      this.#settledAt = now();
      await settleFolders(this.#options, written, records());
      written.records.checkRoom(account);
    }
  }
}

const isThat = ({ stats }: OpenFolder, { trace }: FolderRecord): boolean =>
  trace !== undefined && isFolderOf(trace, stats);
