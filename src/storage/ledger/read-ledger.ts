import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { type Files, unless } from '../files.js';
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

/** Something else is where the ledger should be. It is left as it is. */
export class NoLedger extends Error {
  override readonly name = 'NoLedger';
  constructor(path: string) {
    super(`${path} is no ledger of inband`);
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

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Reads the ledger of this folder, and hands over all that can be read, in its order; `undefined` where there is none.
 * Rejects with LedgerTooNew and NoLedger.
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
  const handle = await files.open(ledgerPath(folder), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    yield* piecesOf(handle);
  } finally {
    await handle.close();
  }
}

/** To be closed; `undefined` where there is none. Rejects with NoLedger. */
export async function openLedger(files: Files, folder: string): Promise<OpenLedger | undefined> {
  const path = ledgerPath(folder);
  const handle = await unless(['ENOENT'], files.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (!handle) return undefined;
  const stats = await handle.stat();
  if (stats.isFile() && stats.size <= MAX_SIZE) return { handle, path };
  await handle.close();
  throw new NoLedger(path);
}

/** Hands over all that can be read, in its order. Rejects with LedgerTooNew and NoLedger. */
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
  if (isNone && size > MAX_LINE_BYTES) throw new NoLedger(path);
  const isDamaged = unread > 0 || (version === undefined && lines > 0);
  return { size, isCut: isCut || version === undefined, isDamaged };
}
