import { link, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** How file systems say that they have no hard links (Android says EACCES). */
const NO_HARD_LINKS = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Moves a file into a directory of the same file system, under `name` or the next free `name (1).ext`, in one
 * step that replaces and follows nothing. Returns the new path.
 */
export async function placeFile(
  from: string,
  directory: string,
  name: string,
  makeLink = link,
): Promise<string> {
  for (let count = 0; ; count++) {
    const path = join(directory, numbered(name, count));
    try {
      await moveBeside(from, path, makeLink);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function numbered(name: string, count: number): string {
  if (count === 0) return name;
  const [, stem = name, extension = ''] = /^(.+)(\.[A-Za-z0-9]{1,8})$/.exec(name) ?? [];
  return `${stem} (${count})${extension}`;
}

/** Rejects with EEXIST when anything bears the name `to`, a dangling symlink included. */
async function moveBeside(from: string, to: string, makeLink: typeof link): Promise<void> {
  try {
    await makeLink(from, to);
  } catch (error) {
    if (!NO_HARD_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return await renameOverPlaceholder(from, to);
  }
  await rm(from, { force: true });
}

/** Without hard links the name is first taken by an empty file, which only this call may then replace. */
async function renameOverPlaceholder(from: string, to: string): Promise<void> {
  const placeholder = await open(to, 'wx', 0o600);
  try {
    await placeholder.close();
    await rename(from, to);
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
}
