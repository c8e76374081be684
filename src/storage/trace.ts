import type { Stats } from 'node:fs';
import type { Trace } from '../transfer/receiving/ledger.js';
import { type Files, unless } from './files.js';
import { openBelow } from './open-folder.js';

/**
 * Looks at a file by its path below a folder, with `/` between the components; `undefined` where there is none. No link
 * below that folder is followed.
 */
export async function lookBelow(
  files: Files,
  root: string,
  path: string,
): Promise<Stats | undefined> {
  const components = path.split('/');
  const name = components.pop() as string;
  const folder = await openBelow(files, root, components);
  if (!folder) return undefined;
  try {
    const stats = await unless(['ENOENT', 'ENOTDIR'], files.lstat(folder.at(name)));
    return stats?.isFile() ? stats : undefined;
  } finally {
    await folder.close();
  }
}

export const traceOf = ({ ino, birthtimeMs, mtimeMs, ctimeMs }: Stats): Trace => ({
  inode: ino,
  born: birthtimeMs,
  modified: mtimeMs,
  changed: ctimeMs,
});

/** Whether it is the very file, whatever was written into it since. A disk that does not tell when one was made says 0. */
export const isSameFile = (one: Trace, other: Trace): boolean =>
  one.inode === other.inode && (one.born || other.born) === (other.born || one.born);

export const isSameTrace = (one: Trace, other: Trace): boolean =>
  isSameFile(one, other) && one.modified === other.modified && one.changed === other.changed;
