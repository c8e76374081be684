import { constants } from 'node:fs';
import { type Files, unless } from '../files.js';
import { ledgerPath } from './ledger-file.js';
import { isKnownVersion, type Line, readLine, versionOf } from './record-lines.js';

/** A newer inband has written the ledger, and may mean something else by it. */
export class LedgerTooNew extends Error {
  override readonly name = 'LedgerTooNew';
  constructor(path: string) {
    super(`${path} was written by a newer inband; update this one, or use another folder`);
  }
}

/** Something else is where the ledger should be. It is left as it is. */
export class NoLedger extends Error {
  override readonly name = 'NoLedger';
  constructor(path: string) {
    super(`${path} is no ledger of inband; move it away, or use another folder`);
  }
}

/** What is on the disk. */
interface ReadLedger {
  /** All that can be read, in its order. */
  lines: Line[];
  /** Bytes. */
  size: number;
  /** It ends in the middle of a line, or in nothing at all, as after a kill or a power cut. */
  isCut: boolean;
  /** There is something else in it that cannot be read. */
  isDamaged: boolean;
  bytes: Buffer;
}

/** Beyond that it is no ledger, in bytes: 20,000 records take 10 MB. */
const MAX_SIZE = 2 ** 30;

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Reads the ledger of this folder; `undefined` where there is none. Rejects with LedgerTooNew and NoLedger. */
export async function readLedgerFile(
  files: Files,
  folder: string,
): Promise<ReadLedger | undefined> {
  const path = ledgerPath(folder);
  const handle = await unless(['ENOENT'], files.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (!handle) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > MAX_SIZE) throw new NoLedger(path);
    return parse(await handle.readFile(), path);
  } finally {
    await handle.close();
  }
}

function parse(bytes: Buffer, path: string): ReadLedger {
  const [header = '', ...texts] = linesOf(bytes);
  const version = versionOf(header);
  if (version !== undefined && !isKnownVersion(version)) throw new LedgerTooNew(path);
  const isCut = bytes.length > 0 && bytes.at(-1) !== NEWLINE;
  const last = isCut ? texts.length - 1 : texts.length;
  const read = texts.slice(0, last).map(readLine);
  const lines = read.filter((line) => line !== undefined);
  const isDamaged = lines.length < read.length || (version === undefined && texts.length > 0);
  return { lines, size: bytes.length, isCut: isCut || version === undefined, isDamaged, bytes };
}

const NEWLINE = 10;

/** The last one, where nothing ends it, too. */
function linesOf(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(NEWLINE, start);
    const end = found < 0 ? bytes.length : found;
    lines.push(bytes.toString('utf8', start, end));
    start = end + 1;
  }
  return lines;
}
