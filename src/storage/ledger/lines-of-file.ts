import type { FileHandle } from 'node:fs/promises';

/** What is read at a time, in bytes. */
const PIECE_BYTES = 256 * 1024;

/** More than any line of ours: with the longest names that peers may have and give it has less than half of that. */
export const MAX_LINE_BYTES = 64 * 1024;

const NEWLINE = 10;
const NOTHING = Buffer.alloc(0);

/** A line of a file. */
interface TextLine {
  /** Nothing of a line that is longer than any of ours. */
  text: string;
  /** Its length, with its end. */
  bytes: number;
  /** Something ends it. */
  isWhole: boolean;
}

/** What a file holds, in pieces; each is good until the next one is asked for. */
export async function* piecesOf(handle: FileHandle): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (let position = 0; ; ) {
    const { bytesRead } = await handle.read(piece, 0, piece.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

/** The lines of a file, in memory that does not grow with them. */
export async function* linesOf(handle: FileHandle): AsyncGenerator<TextLine> {
  let begun: Buffer = NOTHING;
  let bytes = 0;
  for await (const piece of piecesOf(handle)) {
    let start = 0;
    for (let end = nextEnd(piece, start); end > 0; end = nextEnd(piece, start)) {
      const line = Buffer.concat([begun, piece.subarray(start, end)]);
      yield { text: textOf(line), bytes: bytes + end - start, isWhole: true };
      [begun, bytes, start] = [NOTHING, 0, end];
    }
    bytes += piece.length - start;
    // No more is kept of a line than shows that it is too long.
    const rest = piece.subarray(start, start + MAX_LINE_BYTES + 1 - begun.length);
    begun = Buffer.concat([begun, rest]);
  }
  if (bytes > 0) yield { text: textOf(begun), bytes, isWhole: false };
}

/** Reads lines again by where they begin: a piece of the file at a time, for most stand in their order. */
export class LinesAgain {
  readonly #handle: FileHandle;
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #from = 0;
  #length = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The line that begins with this byte; empty where there is none. */
  async at(position: number): Promise<string> {
    const line = this.#find(position);
    if (line !== undefined) return line;
    const { bytesRead } = await this.#handle.read(this.#piece, 0, PIECE_BYTES, position);
    [this.#from, this.#length] = [position, bytesRead];
    return this.#find(position) ?? '';
  }

  #find(position: number): string | undefined {
    const start = position - this.#from;
    if (start < 0 || start >= this.#length) return undefined;
    const piece = this.#piece.subarray(0, this.#length);
    const end = nextEnd(piece, start);
    return end === 0 ? undefined : textOf(piece.subarray(start, end));
  }
}

/** Behind the next newline; 0: there is none. */
const nextEnd = (piece: Buffer, start: number): number => piece.indexOf(NEWLINE, start) + 1;

const textOf = (line: Buffer): string =>
  line.length > MAX_LINE_BYTES ? '' : line.toString('utf8').replace(/\n$/, '');
