import type {
  FileRecord,
  Ledger,
  RecordChanges,
  WantedRecord,
} from '../../transfer/receiving/ledger.js';
import type { Files } from '../files.js';
import { writeOwn } from '../own-file.js';
import { lookBelow, traceOf } from '../trace.js';
import type { FolderRecord } from './folder-record.js';
import { FolderRecords, WrittenFolders } from './folder-records.js';
import { damagedPath, LedgerFile, ledgerPath } from './ledger-file.js';
import { type LedgerLimits, MemoryLedger } from './memory-ledger.js';
import { ledgerBytes, readLedgerFile } from './read-ledger.js';
import { folderLine, type LedgerLine, recordLine, removedLine } from './record-lines.js';
import { settleFolders } from './settle-folders.js';

interface LedgerOptions extends LedgerLimits {
  warn?: ((text: string) => void) | undefined;
}

/** What an inbox remembers: of files, and of the folders that it made for them. */
export interface InboxLedger extends Ledger {
  readonly folders: WrittenFolders;
  /** Whether the file at the path of a record may be its own: none got that later. */
  holdsItsPath(record: FileRecord): boolean;
  /** A power cut would not undo what was changed before. */
  save(): Promise<void>;
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
export async function openLedger(folders: Folders, options: LedgerOptions): Promise<InboxLedger> {
  const { files, staging, now } = folders;
  const memory = new MemoryLedger(options, now);
  const made = new FolderRecords();
  const read = await readLedgerFile(files, staging, (line) => replay(line, memory, made));
  if (read?.isDamaged) {
    await writeOwn(damagedPath(staging), ledgerBytes(files, staging), { files });
    const text = `${ledgerPath(staging)} was damaged: what could be read of it is kept, and the file as it was is ${damagedPath(staging)}`;
    options.warn?.(text);
  }
  const isGood = read && !read.isCut && !read.isDamaged;
  const current = currentOf(memory, made);
  const file = new LedgerFile(folders, current, isGood ? read.size : undefined);
  const ledger = new LedgerOnDisk(memory, made, file);
  if (read?.isDamaged) await ledger.save();
  await settle(folders, ledger);
  await settleFolders(folders, ledger.folders, ledger.records());
  return ledger;
}

const currentOf = (memory: MemoryLedger, made: FolderRecords) => ({
  get bytes() {
    return memory.bytes + made.bytes;
  },
  // What is in a folder counts only if the folder does. The records are those of now, whatever is changed meanwhile.
  lines: () => linesOf([...made.all()], [...memory.records()]),
});

function* linesOf(folders: FolderRecord[], records: FileRecord[]): Generator<string> {
  for (const folder of folders) yield folderLine(folder);
  for (const record of records) yield recordLine(record);
}

/** What a line of a ledger comes to. No more folders are taken than may be made. */
export function replay(line: LedgerLine, memory: MemoryLedger, made: FolderRecords): void {
  if ('record' in line) memory.put(line.record);
  else if ('folder' in line) made.restore(line.folder);
  else {
    void memory.remove(line.removed);
    made.drop(line.removed);
  }
}

/** A ledger in memory, and each change of it in a file. */
class LedgerOnDisk implements InboxLedger {
  readonly folders: WrittenFolders;
  readonly #memory: MemoryLedger;
  readonly #file: LedgerFile;

  constructor(memory: MemoryLedger, made: FolderRecords, file: LedgerFile) {
    this.folders = new WrittenFolders(made, (line, isDurable) => file.append(line, isDurable));
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

  hasLink(account: string, linkId: string): boolean {
    return this.#memory.hasLink(account, linkId);
  }

  holdsItsPath(record: FileRecord): boolean {
    return this.#memory.holdsItsPath(record);
  }

  records(): Iterable<FileRecord> {
    return this.#memory.records();
  }

  async save(): Promise<void> {
    await this.#file.append('', true);
  }
}

const SETTLED = { isArriving: undefined, isChangingMode: undefined };

/** Completes the records of files that were about to change when a process was killed, and withdraws those without a file. */
async function settle({ files, inbox }: Folders, ledger: LedgerOnDisk): Promise<void> {
  const open = [...ledger.records()].filter((one) => one.isArriving || one.isChangingMode);
  for (const { id, path, trace, size, isArriving } of open) {
    const stats = await lookBelow(files, inbox, path);
    const found = stats && traceOf(stats);
    const isIt = found?.inode === trace.inode && found.modified === trace.modified;
    if (isIt && stats?.size === size) await ledger.change(id, { ...SETTLED, trace: found });
    else if (isArriving) await ledger.remove(id);
    else await ledger.change(id, SETTLED);
  }
  // If the user changes such a file, it must not look as if it had never got its name.
  if (open.length > 0) await ledger.save();
}
