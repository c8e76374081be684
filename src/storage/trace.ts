import type { Stats } from 'node:fs';
import type { Trace } from '../transfer/receiving/ledger.js';
import { type Files, unless } from './files.js';

/** `undefined` where there is no file with this name; no link is followed. */
export async function lookAt(files: Files, path: string): Promise<Stats | undefined> {
  const stats = await unless(['ENOENT', 'ENOTDIR'], files.lstat(path));
  return stats?.isFile() ? stats : undefined;
}

export const traceOf = ({ ino, mtimeMs, ctimeMs }: Stats): Trace => ({
  inode: ino,
  modified: mtimeMs,
  changed: ctimeMs,
});

export const isSameTrace = (one: Trace, other: Trace): boolean =>
  one.inode === other.inode && one.modified === other.modified && one.changed === other.changed;
