import type { FileOwner, FileRecord, Ledger } from './ledger.js';

/** Where files arrive. Errors are the file system's own, and NoRoom. */
export interface Arrivals {
  /**
   * Starts a partial, a file still arriving, outside the inbox's view; or goes on with the one that was kept under
   * this identity. While one is in use, a second transfer of the same identity gets a new one.
   * Rejects with NoRoom, before a byte is written, when the file is too large, or the ledger has no room for it; with
   * NoFolder when its folders cannot be made; RangeError for a size that is none.
   */
  createPartial(wanted?: WantedPartial): Promise<PartialFile>;
  /** Rejects as `createPartial` does, as far as that is known before; sets nothing aside, and removes nothing. */
  checkRoom(wanted: WantedPartial): Promise<void>;
  /** How many bytes of it are kept, it seems: nothing is read again, or changed. */
  keptOf(wanted: WantedPartial): number;
  /**
   * Whether this channel was the last that was to bring the rest of a partial that is kept: what comes by it is no
   * whole file, and its transfer has ended, with an earlier connection or an earlier process.
   */
  hasRest(channel: string): boolean;
  /**
   * Makes a folder without files, and those above it, as `publish` does for a file; path as offered. Returns its absolute
   * path.
   */
  makeFolder(owner: FileOwner, offered: readonly string[]): Promise<string>;
}

/** What has arrived. Errors are the file system's own. */
export interface Remembered {
  /** What it remembers of the files that arrived. */
  readonly ledger: Ledger;
  /**
   * Where the file of a record lies, and whether it is unchanged; `undefined`: it is not there any more, though another
   * one may be at its path.
   */
  look(record: FileRecord): Promise<FoundFile | undefined>;
  /** The absolute path of a folder that was made for this offered one, and is there still. */
  findFolder(owner: FileOwner, offered: readonly string[]): Promise<string | undefined>;
  /**
   * Lets its owner run the file of a record, or not, as the disk can, if it is unchanged; it counts as unchanged after that.
   */
  setExecutable(record: FileRecord, isExecutable: boolean): Promise<void>;
}

/** The folder that received files land in, as `transfer` needs it. */
export interface Inbox extends Arrivals, Remembered {
  /** Whether somebody has asked, since the last call, that what failed be done once more. */
  takeRequest(): Promise<boolean>;
  /** What was asked for is over, or nothing of it is under way. */
  endRequest(): Promise<void>;
  /** Aborted when no file can arrive any more: another process has the folder, or something else is in its place. */
  readonly lost: AbortSignal;
  /** Lets another process have the inbox. All partials must have ended before. */
  close(): Promise<void>;
}

export interface FoundFile {
  /** Absolute. */
  path: string;
  /** Bytes, as it is now. */
  size: number;
  isUnchanged: boolean;
}

export interface WantedPartial {
  /** Says that two transfers bring the same bytes: who sends, size, hash. Without it nothing is kept. */
  identity?: string;
  /** The account that it is of: what one leaves does not push out what others left. */
  account?: string;
  /** Names the channel that brings the bytes: whose it is, and its sid. For `hasRest`. */
  channel?: string;
  /** As the peer gives it. */
  name?: string;
  /** The folders that it is to go into, from the top, as the peer names them. */
  folders?: { owner: FileOwner; offered: readonly string[] };
  /** Bytes. Room for them is set aside, and not one more is taken. */
  size?: number;
  /** Names that `crypto.createHash` knows; sha256 is always there. */
  algorithms?: readonly string[];
  /** Called with the bytes of each part, while what was kept is read once more. What it throws ends that, and the partial stays kept. */
  onRead?: (bytes: number) => void;
}

/** `publish`, `keep` and `discard` end it. */
export interface PartialFile {
  /** Names it, and the record of its file. */
  readonly id: string;
  /** Bytes that are there already, read again and found unchanged: where to go on. 0 for a new one. */
  readonly offset: number;
  /**
   * Appends; resolves when all bytes are written, though not yet durable. Rejects with NoRoom at a limit.
   * After a failure nothing more can be written or published: what follows would be in the wrong place.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** The digest of all bytes written, from the start. RangeError for an algorithm that was not asked for. */
  digest(algorithm: string): Buffer;
  /**
   * Makes the bytes durable and visible in the inbox under `name`, or under the next free name
   * (`name (1).ext`), in one step that cannot replace anything. Returns the absolute path.
   * From then on the ledger has a record of it, if wanted. Where that has a path, the file goes into folders below the
   * inbox, made where they are missing: each only into one that was made for the same owner and offered path.
   */
  publish(name: string, options?: PublishOptions): Promise<string>;
  /** Keeps what it can for the next transfer of the same identity; harmless after `publish`. */
  keep(): Promise<void>;
  /** Removes the partial; harmless after `publish`. */
  discard(): Promise<void>;
}

export interface PublishOptions {
  /** When it was last changed, as the peer gives it; kept where the disk can, from 1970 until now. */
  date?: Date | undefined;
  /** Its owner may run it. */
  isExecutable?: boolean;
  record?: NewRecord | undefined;
}

/** What the inbox does not know itself of a file that it is to remember. */
export interface NewRecord
  extends Pick<FileRecord, 'account' | 'peer' | 'offered' | 'sealedBy' | 'trust' | 'linkId'> {
  /** Something is to be done for the file. */
  isDue: boolean;
}

export interface InboxOptions {
  /** Bytes of one file. */
  maxSize?: number;
  /** Bytes that stay free on the disk. */
  minFree?: number;
  /** Bytes of all files in the inbox and all partials. */
  maxTotal?: number;
  /** Files of one account that are remembered; of all together twice as many. */
  keepRecords?: number;
  /** Milliseconds until they are forgotten. */
  keepRecordsFor?: number;
  /** Hears what the user should know of the folder, such as that others may write to it. */
  warn?: (text: string) => void;
  /** Gives up waiting for it. */
  signal?: AbortSignal;
}
