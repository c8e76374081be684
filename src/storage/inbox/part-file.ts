import type { FileHandle } from 'node:fs/promises';
import type { Trace } from '../../transfer/receiving/ledger.js';
import { type Files, unless } from '../files.js';
import type { Hashes } from '../running-hashes.js';
import { traceOf } from '../trace.js';
import { type Journal, partPath, writeJournal } from './journal.js';
import { removePartial } from './kept-partials.js';
import type { Reservation } from './reservation.js';

/** Where the files are. */
export interface PartFolders {
  files: Files;
  /** Where files are published. */
  inbox: string;
  /** Where partials are. */
  staging: string;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** A file that was opened to be written to, at `journal.durable`. */
export interface OpenPart {
  id: string;
  handle: FileHandle;
  /** Hashes of the bytes that are there. */
  hashes: Hashes;
  journal: Journal;
  reservation: Reservation;
}

/** Somebody has removed a partial, or put another file in its place, while it was written. */
export class PartialRemoved extends Error {
  override readonly name = 'PartialRemoved';
  constructor(path: string) {
    super(`${path} was removed or changed while it was written`);
  }
}

/** A partial's file and its journal. Errors are the file system's own, and NoRoom. */
export class PartFile {
  readonly path: string;
  readonly id: string;
  readonly #part: OpenPart;
  readonly #folders: PartFolders;
  #journal: Journal;
  #size: number;

  constructor(part: OpenPart, folders: PartFolders) {
    this.path = partPath(folders.staging, part.id);
    this.id = part.id;
    this.#part = part;
    this.#folders = folders;
    this.#journal = part.journal;
    this.#size = part.journal.durable;
  }

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  /** The journal as it is on the disk, where there is one. */
  get journal(): Journal {
    return this.#journal;
  }

  digest(algorithm: string): Buffer {
    return this.#part.hashes.digest(algorithm);
  }

  /** To be called again only when the last call has settled. */
  async append(bytes: Uint8Array): Promise<void> {
    const { handle, hashes, reservation } = this.#part;
    if (!reservation.covers(bytes.length)) await reservation.extend(bytes.length);
    let position = this.#size;
    for (let rest = bytes; rest.length > 0; ) {
      const { bytesWritten } = await handle.write(rest, 0, rest.length, position);
      position += bytesWritten;
      rest = rest.subarray(bytesWritten);
    }
    reservation.spend(bytes.length);
    hashes.update(bytes);
    this.#size = position;
  }

  /** Gives back the room of a block that was written in part. */
  async cut(): Promise<void> {
    await this.#part.handle.truncate(this.#size);
  }

  /** Puts what is written by now on the disk, and then into the journal; there may be writing meanwhile. */
  async checkpoint(placeholder?: string): Promise<void> {
    const { files, staging, now } = this.#folders;
    const durable = this.#size;
    const sha256 = this.digest('sha256').toString('hex');
    await this.#part.handle.datasync();
    if (!(await unless(['ENOENT'], files.lstat(this.path)))) throw new PartialRemoved(this.path);
    const journal = { ...this.#journal, durable, sha256, placeholder, updated: new Date(now()) };
    await writeJournal(files, staging, this.id, journal);
    this.#journal = journal;
  }

  /** When the file was last changed, where that is from 1970 until now. */
  async setDate(date: Date): Promise<void> {
    const now = this.#folders.now();
    if (!(date.getTime() >= 0)) return;
    const modified = new Date(Math.min(date.getTime(), now));
    // A disk that keeps no dates has the file all the same.
    await this.#part.handle.utimes(new Date(now), modified).catch(() => undefined);
  }

  /** For its owner alone. */
  async makeExecutable(): Promise<void> {
    // A disk without modes has the file all the same.
    await this.#part.handle.chmod(0o700).catch(() => undefined);
  }

  async sync(): Promise<void> {
    await this.#part.handle.sync();
  }

  /** Rejects unless the file with its name is still this one, of this length: it may have been removed, or restored. */
  async mustBeThere(): Promise<void> {
    const there = await unless(['ENOENT'], this.#folders.files.lstat(this.path));
    const { dev, ino } = await this.#part.handle.stat();
    const isOurs = there?.dev === dev && there.ino === ino && there.size === this.#size;
    if (!isOurs) throw new PartialRemoved(this.path);
  }

  async trace(): Promise<Trace> {
    return traceOf(await this.#part.handle.stat());
  }

  /** Runs what gives it its name in the inbox. */
  name<T>(naming: () => Promise<T>): Promise<T> {
    return this.#part.reservation.name(naming);
  }

  /** Nothing more is written: its room is for others. */
  release(): void {
    this.#part.reservation.release();
  }

  async close(): Promise<void> {
    await this.#part.handle.close();
  }

  async remove(): Promise<void> {
    await removePartial(this.#folders.files, this.#folders.staging, this.id);
  }
}
