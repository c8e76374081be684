import { type Files, unless } from '../files.js';
import { removeAttempt } from '../lock/lock-directory.js';
import { OpenFolder, openBelow } from '../open-folder.js';
import { NoFileOfOurs, removeOwn } from '../own-file.js';
import { type Journal, partPath, readJournal } from './journal.js';
import { isExpired, type Kept, removePartial } from './kept-partials.js';
import type { PartFolders } from './part-file.js';
import { isIntact } from './reopen-part.js';

/** Names that we give; anything else in the folder is left alone. */
const NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(part|json|tmp|lock)$/;

/** From the journal to the placeholder it takes a sync; a stopped process may take longer, and leaves it then. */
const PLACEHOLDER_TIME_MS = 60_000;

/**
 * Removes what a killed process has left, but for the partials that can be gone on with; returns those, oldest first.
 */
export async function sweep(folders: PartFolders): Promise<Kept[]> {
  const { files, staging } = folders;
  const kept: Kept[] = [];
  for (const id of await removeTemporaries(files, staging)) {
    const journal = await readJournal(files, staging, id);
    const part = await unless(['ENOENT'], files.lstat(partPath(staging, id)));
    // Without the part, the placeholder has become the file.
    if (part && journal?.placeholder)
      await removePlaceholder(folders, journal, journal.placeholder);
    const isKept = part && journal?.identity && isIntact(part, journal);
    if (isKept && !isExpired(journal, folders.now())) kept.push({ id, journal });
    else await removePartial(files, staging, id);
  }
  return kept.sort((a, b) => a.journal.updated.getTime() - b.journal.updated.getTime());
}

/** Returns the ids of the partials in the folder. What we do not make is left alone, as what others put there is. */
async function removeTemporaries(files: Files, staging: string): Promise<Set<string>> {
  const ids = new Set<string>();
  const folder = await OpenFolder.open(files, staging);
  if (!folder) return ids;
  try {
    for (const name of await files.readdir(folder.at('.'))) {
      const [, id, kind] = NAME.exec(name) ?? [];
      if (id && (kind === 'part' || kind === 'json')) ids.add(id);
      else if (id) await removeTemporary(files, folder.at(name), kind === 'lock');
    }
  } catch (error) {
    throw folder.explained(error as Error);
  } finally {
    await folder.close();
  }
  return ids;
}

/** A file, or the attempt at a lock, with a holder in it. */
async function removeTemporary(files: Files, path: string, isLock: boolean): Promise<void> {
  try {
    await (isLock ? removeAttempt(files, path) : removeOwn(path, files));
  } catch (error) {
    if (!(error instanceof NoFileOfOurs)) throw error;
  }
}

/** Unless it is no longer empty, or was not made when the journal says. */
async function removePlaceholder(
  { files, inbox }: PartFolders,
  { updated }: Journal,
  placeholder: string,
): Promise<void> {
  const components = placeholder.split('/');
  const name = components.pop() as string;
  const folder = await openBelow(files, inbox, components);
  if (!folder) return;
  try {
    const stats = await unless(['ENOENT'], files.lstat(folder.at(name)));
    if (!stats?.isFile() || stats.size > 0) return;
    const apart = Math.abs(stats.mtimeMs - updated.getTime());
    if (apart <= PLACEHOLDER_TIME_MS) await files.rm(folder.at(name), { force: true });
  } finally {
    await folder.close();
  }
}
