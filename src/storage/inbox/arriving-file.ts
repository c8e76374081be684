import type { NewRecord } from '../../transfer/receiving/inbox.js';
import type { Ledger, Trace } from '../../transfer/receiving/ledger.js';
import type { Files } from '../files.js';
import { lookBelow, traceOf } from '../trace.js';
import type { PartFile } from './part-file.js';

interface Remembering {
  files: Files;
  inbox: string;
  ledger: Ledger;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * The record of a file that gets its name: written before, so that a kill leaves no name without one, and completed
 * when the file is as it stays.
 */
export class ArrivingFile {
  readonly #file: PartFile;
  readonly #record: NewRecord;
  readonly #to: Remembering;
  #path = '';
  #intended: Trace | undefined;

  constructor(file: PartFile, record: NewRecord, to: Remembering) {
    this.#file = file;
    this.#record = record;
    this.#to = to;
  }

  /** The file is to get this name. Rejects where that cannot be written down. */
  async intend(name: string): Promise<void> {
    const { isDue, ...record } = this.#record;
    this.#path = name;
    this.#intended = await this.#file.trace();
    await this.#to.ledger.add({
      ...{ id: this.#file.id, ...record, path: name, size: this.#file.size },
      sha256: this.#file.digest('sha256').toString('hex'),
      at: new Date(this.#to.now()),
      trace: this.#intended,
      isArriving: true,
      ...(isDue ? { work: { state: 'due' } } : {}),
    });
  }

  /** It did not get it. */
  async withdraw(): Promise<void> {
    await this.#to.ledger.remove(this.#file.id);
  }

  /**
   * It has it, and no other name any more, which would change its trace. What somebody has put in its place, or written
   * into it, since then is not what arrived: the old trace stays, which fits nothing.
   */
  async complete(): Promise<void> {
    const { files, inbox, ledger } = this.#to;
    const stats = await lookBelow(files, inbox, this.#path);
    const isIt =
      stats?.ino === this.#intended?.inode &&
      stats?.mtimeMs === this.#intended?.modified &&
      stats?.size === this.#file.size;
    const changes = stats && isIt ? { trace: traceOf(stats) } : {};
    await ledger.change(this.#file.id, { isArriving: undefined, ...changes });
  }
}
