import { constants } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from '../directories.js';
import { type Files, unless } from '../files.js';
import { inTurn } from '../in-turn.js';
import { writeOwn } from '../own-file.js';
import { HEADER } from './record-lines.js';

export const ledgerPath = (folder: string) => join(folder, 'ledger.jsonl');
/** Where the last one went that was damaged. */
export const damagedPath = (folder: string) => join(folder, 'ledger.damaged');

const { O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** What of it is of use. */
interface Current {
  /** In memory, which is more than two thirds of what its lines take. */
  readonly bytes: number;
  /** The lines, as they would be written now. */
  lines(): Iterable<string>;
}

/** Fewer bytes are not worth the writing. */
const MIN_BYTES = 256 * 1024;
/** Written at a time, in bytes. */
const PIECE_BYTES = 64 * 1024;

interface Batch {
  lines: string[];
  isDurable: boolean;
  written: Promise<void>;
}

/** A file that lines are added to, and that is written anew when most of it is of no use any more. */
export class LedgerFile {
  readonly #files: Files;
  readonly #folder: string;
  readonly #current: Current;
  readonly #inTurn = inTurn();
  /** Bytes of it that are good; `undefined`: it must be written anew. */
  #size: number | undefined;
  /** What it had when it was last written anew, or opened. */
  #sizeAnew: number;
  /** What is to be written next, together. */
  #batch: Batch | undefined;

  /** `size`: bytes, where there is a good one. */
  constructor(
    { files, staging }: { files: Files; staging: string },
    current: Current,
    size?: number,
  ) {
    this.#files = files;
    this.#folder = staging;
    this.#current = current;
    this.#size = size;
    this.#sizeAnew = size ?? 0;
  }

  /** Resolves when the line is there; with `isDurable`, when a power cut would not undo that. */
  append(line: string, isDurable: boolean): Promise<void> {
    const batch = this.#batch ?? this.#begin();
    this.#batch = batch;
    batch.lines.push(line);
    batch.isDurable ||= isDurable;
    return batch.written;
  }

  #begin(): Batch {
    const batch: Batch = { lines: [], isDurable: false, written: Promise.resolve() };
    batch.written = this.#inTurn(async () => {
      this.#batch = undefined;
      await this.#write(batch);
    });
    return batch;
  }

  async #write({ lines, isDurable }: Batch): Promise<void> {
    const size = this.#size;
    // Whatever fails now, what the file ends with is not known.
    this.#size = undefined;
    const text = Buffer.from(lines.join(''));
    const isDue = size !== undefined && size + text.length <= this.#mostBytes();
    if (isDue && (await this.#add(text, size, isDurable))) {
      this.#size = size + text.length;
    } else {
      await this.#writeAnew();
    }
  }

  #mostBytes(): number {
    return 2 * Math.min(this.#sizeAnew, this.#current.bytes) + MIN_BYTES;
  }

  /** Returns whether the file is there. */
  async #add(text: Buffer, size: number, isDurable: boolean): Promise<boolean> {
    const flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK;
    const opening = this.#files.open(ledgerPath(this.#folder), flags);
    const handle = await unless(['ENOENT', 'ELOOP'], opening);
    if (!handle) return false;
    try {
      for (let at = 0; at < text.length; ) {
        at += (await handle.write(text, at, text.length - at, size + at)).bytesWritten;
      }
      if (isDurable) await handle.datasync();
    } finally {
      await handle.close();
    }
    return true;
  }

  async #writeAnew(): Promise<void> {
    const written = { bytes: 0 };
    const pieces = piecesOf(this.#current.lines(), written);
    await writeOwn(ledgerPath(this.#folder), pieces, { files: this.#files });
    await syncDirectory(this.#files, this.#folder);
    this.#size = this.#sizeAnew = written.bytes;
  }
}

/** A ledger with these lines, a piece at a time; counts its bytes. */
function* piecesOf(lines: Iterable<string>, written: { bytes: number }): Generator<Buffer> {
  let text = HEADER;
  const taken = () => {
    const piece = Buffer.from(text);
    text = '';
    written.bytes += piece.length;
    return piece;
  };
  for (const line of lines) {
    text += line;
    if (text.length >= PIECE_BYTES) yield taken();
  }
  yield taken();
}
