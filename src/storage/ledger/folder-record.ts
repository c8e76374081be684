import type { Stats } from 'node:fs';
import type { FileOwner } from '../../transfer/receiving/ledger.js';

/**
 * A folder of an inbox that was made for an account, or for a key of it: nobody else's files go there, and none of its own
 * elsewhere.
 */
export interface FolderRecord extends FileOwner {
  readonly id: string;
  /** Its path as the account offers it. A peer's words. */
  readonly offered: readonly string[];
  /** Where it lies, below the inbox: safe components, with `/` between them. */
  readonly path: string;
  readonly at: Date;
  /** Absent: it is about to be made. Whoever finds it so after a kill looks whether it was. */
  readonly trace?: FolderTrace | undefined;
}

/**
 * By what a folder is told from another one in its place. Its device is not: after a start of the system, or where the
 * disk was mounted anew, that may have another number.
 */
export interface FolderTrace {
  readonly inode: number;
  /** ms since 1970, 0 where the file system does not tell: an inode that is free again is given to the next folder. */
  readonly born: number;
}

export const folderTraceOf = ({ ino, birthtimeMs }: Stats): FolderTrace => ({
  inode: ino,
  born: birthtimeMs,
});

/** `device`: that of the inbox. A folder that is on another one was mounted in its place. */
export function isFolderOf({ inode, born }: FolderTrace, stats: Stats, device: number): boolean {
  return stats.dev === device && inode === stats.ino && born === stats.birthtimeMs;
}
