import { join } from 'node:path';
import type {
  FileRecord,
  Ledger,
  RecordChanges,
  WantedRecord,
} from '../../transfer/receiving/ledger.js';
import type { Files } from '../files.js';
import { lookAt, traceOf } from '../trace.js';
import { writeWhole } from '../whole-file.js';
import { damagedPath, LedgerFile, ledgerPath } from './ledger-file.js';
import { type LedgerLimits, MemoryLedger } from './memory-ledger.js';
import { readLedgerFile } from './read-ledger.js';
import { type Line, recordLine, removedLine } from './record-lines.js';

interface LedgerOptions extends LedgerLimits {
  warn?: ((text: string) => void) | undefined;
}

interface Folders {
  files: Files;
  inbox: string;
  staging: string;
  now: () => number;
}

/**
 * Opens the ledger of an inbox that is locked, and looks what became of the files that were about to get their names
 * when a process was killed. Rejects with LedgerTooNew.
 */
export async function openLedger(folders: Folders, options: LedgerOptions): Promise<Ledger> {
  const { files, staging, now } = folders;
  const memory = new MemoryLedger(options, now);
  const read = await readLedgerFile(files, staging);
  replay(read?.lines ?? [], memory);
  if (read?.isDamaged) {
    await writeWhole(damagedPath(staging), read.bytes, { files });
    const text = `${ledgerPath(staging)} was damaged: what could be read of it is kept, and the file as it was is ${damagedPath(staging)}`;
    options.warn?.(text);
  }
  const isGood = read && !read.isCut && !read.isDamaged;
  const file = new LedgerFile(
    folders,
    memoryLines(memory),
    isGood ? read.size : undefined,
    read?.lines.length,
  );
  const ledger = new LedgerOnDisk(memory, file);
  if (read?.isDamaged) await ledger.save();
  await settle(folders, ledger);
  return ledger;
}

const memoryLines = (memory: MemoryLedger) => ({
  get size() {
    return memory.size;
  },
  lines: () => [...memory.records()].map(recordLine),
});

/** What the lines of a ledger come to. */
export function replay(lines: readonly Line[], memory: MemoryLedger): void {
  for (const line of lines) {
    if ('record' in line) memory.put(line.record);
    else void memory.remove(line.removed);
  }
}

/** A ledger in memory, and each change of it in a file. */
class LedgerOnDisk implements Ledger {
  readonly #memory: MemoryLedger;
  readonly #file: LedgerFile;

  constructor(memory: MemoryLedger, file: LedgerFile) {
    this.#memory = memory;
    this.#file = file;
  }

  checkRoom(account: string): void {
    this.#memory.checkRoom(account);
  }

  async add(record: FileRecord): Promise<void> {
    this.#memory.put(record);
    try {
      await this.#file.append(recordLine(record), true);
    } catch (error) {
      await this.#memory.remove(record.id);
      throw error;
    }
  }

  async change(id: string, changes: RecordChanges): Promise<void> {
    await this.#memory.change(id, changes);
    const record = this.#memory.get(id);
    if (record) await this.#file.append(recordLine(record), false);
  }

  async remove(id: string): Promise<void> {
    if (!this.#memory.get(id)) return;
    await this.#memory.remove(id);
    await this.#file.append(removedLine(id), false);
  }

  find(wanted: WantedRecord): FileRecord[] {
    return this.#memory.find(wanted);
  }

  records(): Iterable<FileRecord> {
    return this.#memory.records();
  }

  /** Writes what is known anew. */
  async save(): Promise<void> {
    await this.#file.append('', true);
  }
}

/** Completes the records of files that have got their names, and withdraws those of others. */
async function settle({ files, inbox }: Folders, ledger: LedgerOnDisk): Promise<void> {
  const arriving = [...ledger.records()].filter(({ isArriving }) => isArriving);
  for (const { id, path, trace, size } of arriving) {
    const stats = await lookAt(files, join(inbox, path));
    const found = stats && traceOf(stats);
    const isIt = found?.inode === trace.inode && found.modified === trace.modified;
    if (isIt && stats?.size === size)
      await ledger.change(id, { isArriving: undefined, trace: found });
    else await ledger.remove(id);
  }
  // If the user changes such a file, it must not look as if it had never got its name.
  if (arriving.length > 0) await ledger.save();
}
