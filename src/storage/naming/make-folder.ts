import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { FileOwner } from '../../transfer/receiving/ledger.js';
import { type Files, unless } from '../files.js';
import { type FolderRecord, folderTraceOf } from '../ledger/folder-record.js';
import type { WrittenFolders } from '../ledger/folder-records.js';
import type { OpenFolder } from '../open-folder.js';
import { safeName } from '../safe-name.js';
import { takeFreeName } from './place-file.js';

export interface MakingOptions {
  files: Files;
  inbox: string;
  /** Milliseconds since 1970. */
  now: () => number;
  written: WrittenFolders;
}

/** A folder below the inbox that files of one account, or of one key, may go to. */
export interface Entered {
  folder: OpenFolder;
  /** Below the inbox. */
  path: string;
}

/** What a folder is made for. */
interface Wanted {
  owner: FileOwner;
  /** Its path as the owner offers it. */
  offered: readonly string[];
}

/** Makes a folder in another one, and opens it: under the name that it had before it was removed, or a safe and free one. */
export async function makeFolder(
  above: Entered,
  wanted: Wanted,
  before: string | undefined,
  options: MakingOptions,
): Promise<Entered> {
  const { files } = options;
  const take = (name: string) => takeName(above, name, wanted, options);
  const isTaken = async (name: string) =>
    (await unless(['ENOENT'], files.lstat(above.folder.at(name)))) !== undefined;
  try {
    const same = before === undefined || (await isTaken(before)) ? undefined : await take(before);
    return same ?? (await takeFreeName(safeName(wanted.offered.at(-1) as string), isTaken, take));
  } catch (error) {
    throw above.folder.explained(error as Error);
  }
}

/** Makes the folder of this name; `undefined` where it is taken. */
async function takeName(
  above: Entered,
  name: string,
  { owner, offered }: Wanted,
  { files, inbox, now, written }: MakingOptions,
): Promise<Entered | undefined> {
  const path = join(above.path, name);
  // Whoever has the path must be able to use it: the system says where it is too long.
  const there = await unless(['ENOENT', 'ENOTDIR'], files.lstat(join(inbox, path)));
  if (there) return undefined;
  const { account, sealedBy } = owner;
  const record = {
    ...{ id: randomUUID(), account, offered, path, at: new Date(now()) },
    ...(sealedBy === undefined ? {} : { sealedBy }),
  };
  await written.intend(record);
  return makeWritten(above, record, name, { files, written });
}

async function makeWritten(
  above: Entered,
  record: FolderRecord,
  name: string,
  { files, written }: Pick<MakingOptions, 'files' | 'written'>,
): Promise<Entered | undefined> {
  const { path } = record;
  let isMade = false;
  let folder: OpenFolder | undefined;
  try {
    await files.mkdir(above.folder.at(name), { mode: 0o700 });
    isMade = true;
    folder = await above.folder.enter(name);
    if (!folder) throw Object.assign(new Error(`${path} was removed`), { code: 'EEXIST' });
    await above.folder.sync();
    await written.complete(record, folderTraceOf(folder.stats));
    return { folder, path };
  } catch (error) {
    const isLeft = isMade && !(await isUnmade(files, above.folder.at(name), folder));
    await folder?.close();
    // What is left is looked for at the next start.
    if (!isLeft) await written.forget(record).catch(() => undefined); // the first error tells more
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return undefined;
  }
}

/** Removes a folder that was made in vain, unless something else is there, or in it; returns whether it is gone. */
async function isUnmade(
  files: Files,
  path: string,
  folder: OpenFolder | undefined,
): Promise<boolean> {
  try {
    const there = await unless(['ENOENT'], files.lstat(path));
    const isIt = there?.isDirectory() && (!folder || there.ino === folder.stats.ino);
    if (isIt) await files.rmdir(path);
    return true;
  } catch {
    return false; // the error that came before tells more
  }
}
