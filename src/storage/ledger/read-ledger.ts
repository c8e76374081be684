import type { FileHandle } from 'node:fs/promises';
import type { Files } from '../files.js';
import { NoFileOfOurs, openOwn } from '../own-file.js';
import { ledgerPath } from './ledger-file.js';
import { linesOf, MAX_LINE_BYTES, piecesOf } from './lines-of-file.js';
import { isKnownVersion, type LedgerLine, readLine, versionOf } from './record-lines.js';

/** A newer inband has written the ledger, and may mean something else by it. */
export class LedgerTooNew extends Error {
  override readonly name = 'LedgerTooNew';
  constructor(path: string) {
    super(`${path} was written by a newer inband`);
  }
}

/** A ledger that is open, and where it is. */
interface OpenLedger {
  handle: FileHandle;
  path: string;
}

/** Told of each line that can be read, and of the byte of the file with which it begins. */
type OnLine = (line: LedgerLine, position: number) => void;

/** What is on the disk. */
interface ReadLedger {
  /** Bytes. */
  size: number;
  /** It ends in the middle of a line, or in nothing at all, as after a kill or a power cut. */
  isCut: boolean;
  /** There is something else in it that cannot be read. */
  isDamaged: boolean;
}

/** Beyond that it is no ledger, in bytes: what may be remembered takes at most a quarter of it. */
const MAX_SIZE = 2 ** 30;

/**
 * Reads the ledger of this folder, and hands over all that can be read, in its order; `undefined` where there is none.
 * Rejects with LedgerTooNew and NoFileOfOurs.
 */
export async function readLedgerFile(
  files: Files,
  folder: string,
  onLine: OnLine,
): Promise<ReadLedger | undefined> {
  const ledger = await openLedger(files, folder);
  try {
    return ledger && (await readLines(ledger, onLine));
  } finally {
    await ledger?.handle.close();
  }
}

/** The bytes of the ledger of this folder, as they are. */
export async function* ledgerBytes(files: Files, folder: string): AsyncGenerator<Uint8Array> {
  const ledger = await openLedger(files, folder);
  try {
    if (ledger) yield* piecesOf(ledger.handle);
  } finally {
    await ledger?.handle.close();
  }
}

/** To be closed; `undefined` where there is none. Rejects with NoFileOfOurs. */
export async function openLedger(files: Files, folder: string): Promise<OpenLedger | undefined> {
  const path = ledgerPath(folder);
  const opened = await openOwn(path, { files, most: MAX_SIZE, what: 'ledger' });
  return opened && { handle: opened.handle, path };
}

/** Hands over all that can be read, in its order. Rejects with LedgerTooNew and NoFileOfOurs. */
export async function readLines({ handle, path }: OpenLedger, onLine: OnLine): Promise<ReadLedger> {
  let version: number | undefined;
  let [size, lines, unread] = [0, 0, 0];
  let isCut = false;
  let isFirst = true;
  for await (const { text, bytes, isWhole } of linesOf(handle)) {
    size += bytes;
    isCut = !isWhole;
    if (isFirst) {
      version = versionOf(text);
      if (version !== undefined && !isKnownVersion(version)) throw new LedgerTooNew(path);
    } else if (isWhole || bytes > MAX_LINE_BYTES) {
      const line = readLine(text);
      if (line) onLine(line, size - bytes);
      if (line) lines += 1;
      else unread += 1;
    }
    isFirst = false;
  }
  const isNone = version === undefined && lines === 0;
  // What is as short may be left of one after a power cut.
  if (isNone && size > MAX_LINE_BYTES) throw new NoFileOfOurs(path, 'ledger');
  const isDamaged = unread > 0 || (version === undefined && lines > 0);
  return { size, isCut: isCut || version === undefined, isDamaged };
}
