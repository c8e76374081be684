import type { Files } from '../files.js';
import { unless } from '../files.js';
import { OpenFolder } from '../open-folder.js';
import { NoFileOfOurs, removeOwn } from '../own-file.js';
import { isLeftName } from './lock-holder.js';

// The directory that is a lock. Whoever may write beside it may put a link in its place, at any moment: what is read and
// removed is read and removed in a directory that is held open, and by a holder's name.

/** What has a holder's name in a lock, and what has not. Rejects with `NoFileOfOurs` where the lock is no directory. */
export async function namesIn(
  files: Files,
  lock: string,
): Promise<{ holders: string[]; strays: string[] }> {
  const folder = await OpenFolder.open(files, lock);
  if (!folder) {
    const there = await unless(['ENOENT', 'ENOTDIR'], files.lstat(lock));
    if (there && !there.isDirectory()) throw new NoFileOfOurs(lock, 'lock');
    return { holders: [], strays: [] };
  }
  try {
    // Where the path is all that names it, it may be gone by now.
    const names = (await unless(['ENOENT', 'ENOTDIR'], files.readdir(folder.at('.')))) ?? [];
    return {
      holders: names.filter(isLeftName),
      strays: names.filter((name) => !isLeftName(name)),
    };
  } catch (error) {
    throw folder.explained(error as Error);
  } finally {
    await folder.close();
  }
}

/** Removes these holders' files, and the lock with the last of them. Rejects with `NoFileOfOurs` for one that is a folder. */
export async function removeHolders(
  files: Files,
  lock: string,
  holders: readonly string[],
): Promise<void> {
  const folder = await OpenFolder.open(files, lock);
  if (!folder) return;
  try {
    for (const name of holders.filter(isLeftName)) await removeOwn(folder.at(name), files);
  } catch (error) {
    throw folder.explained(error as Error);
  } finally {
    await folder.close();
  }
  // Somebody else may have it by now, or there is something else in it.
  await unless(['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'], files.rmdir(lock));
}

/** Removes a lock that never was one, or what is left of it. */
export async function removeAttempt(files: Files, attempt: string): Promise<void> {
  const { holders } = await namesIn(files, attempt);
  await removeHolders(files, attempt, holders);
}
