import type { Trust } from '../keys/rules.js';

/** What an inbox remembers of the files that arrived. */
export interface Ledger {
  /**
   * Throws a `NoRoom` that passes where something is still to be done for every file of which this account may have a
   * record, for these are never forgotten; and where more would leave others less than it has.
   */
  checkRoom(account: string): void;
  /**
   * Remembers a file, in place of a record with the same id; resolves when a power cut would not undo that. What is too
   * old or too much is forgotten, unless something is to be done for it: too many records, or such with long names.
   * No file is replaced: one that arrives at the path of an earlier one shows that this is gone, and with it what was to
   * be done for it.
   */
  add(record: FileRecord): Promise<void>;
  /** Changes the record with this id, if there is one; after a power cut it may be as it was. */
  change(id: string, changes: RecordChanges): Promise<void>;
  /** Forgets a file, if it is known. */
  remove(id: string): Promise<void>;
  /** The last records, newest first, of files that arrived and agree in all of this. */
  find(wanted: WantedRecord): FileRecord[];
  /** Whether a file of this account was fetched from the address with this name. */
  hasLink(account: string, linkId: string): boolean;
  /** All, oldest first. */
  records(): Iterable<FileRecord>;
}

/** A file that arrived. */
export interface FileRecord extends WantedRecord {
  /** Names the record, and nothing else. */
  readonly id: string;
  /** The sender's full JID. */
  readonly peer: string;
  /** Where it landed, below the inbox: safe components, with `/` between them. */
  readonly path: string;
  /** When it got its name. */
  readonly at: Date;
  /** Tells whether the file was changed since it got its name. */
  readonly trace: Trace;
  /** What was known of the sender's key when it came, if it was sealed. */
  readonly trust?: Trust | undefined;
  /** Names the address that it was fetched from: lower-case hex of 32 bytes. */
  readonly linkId?: string | undefined;
  /** It is about to get its name. Whoever finds it so after a kill looks whether it did. */
  readonly isArriving?: true | undefined;
  /** Its mode is about to be changed, and its trace with that. Whoever finds it so after a kill looks at it anew. */
  readonly isChangingMode?: true | undefined;
  /** What is to be done for it, and what became of that; absent where nothing was to be done. */
  readonly work?: Work | undefined;
}

/** Whose a file is. */
export interface FileOwner {
  /** Bare JID of the sender. */
  readonly account: string;
  /**
   * The sender's key, as people see it, if it was sealed. What came so is found by that key alone, and what came in the
   * clear in the clear: others must not learn what is there, or add to it.
   */
  readonly sealedBy?: string | undefined;
}

/** By what a file is known again. */
export interface WantedRecord extends FileOwner {
  /** What the sender calls it: the components of a relative path, its own name last. A peer's words. */
  readonly offered: readonly string[];
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What a system says of a file: another one, or other content, leaves another trace. */
export interface Trace {
  /** Its number on its disk. */
  readonly inode: number;
  /**
   * Milliseconds since 1970, 0 where the file system does not tell: an inode that is free again is given to the next
   * file. Absent in records of earlier versions.
   */
  readonly born?: number | undefined;
  /** Milliseconds since 1970, when its content was last changed. */
  readonly modified: number;
  /** Milliseconds since 1970, when anything of it was last changed, which nobody can set. */
  readonly changed: number;
}

/** What is to be done for a file that arrived, as by a program. */
export interface Work {
  /** `gone`: the file was not there any more when it was to be done. */
  readonly state: 'due' | 'done' | 'failed' | 'gone';
  /** The program that is doing it, or was when the daemon was killed. */
  readonly program?: ProgramRun | undefined;
}

/** A process, told apart from later ones with the same id. */
export interface ProgramRun {
  /** The id of the process. */
  readonly pid: number;
  /** In words of the system. */
  readonly start: string;
}

/** What may change of a record; all else stays as it was when the file arrived. */
export type RecordChanges = Partial<
  Pick<FileRecord, 'isArriving' | 'isChangingMode' | 'trace' | 'work'>
>;
