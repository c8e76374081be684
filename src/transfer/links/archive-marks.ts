/** How far the archive of an account was read for links: a message of somebody's, up to which nothing is left to do. */
export interface ArchiveMark {
  /** As the archive calls it; absent where there was none yet. */
  readonly id?: string | undefined;
  /** When it was written, as the server has it. */
  readonly at?: Date | undefined;
}

/** Keeps them from one run to the next. */
export interface ArchiveMarks {
  /** `account` is the own one, `jid` the one whose messages were read; both are bare. */
  read(account: string, jid: string): Promise<ArchiveMark | undefined>;
  write(account: string, jid: string, mark: ArchiveMark): Promise<void>;
}
