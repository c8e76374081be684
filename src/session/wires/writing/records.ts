import type { Writable } from 'node:stream';
import { ConnectionFailed } from '../../stream/connection-errors.js';
import type { AlignedWriting } from './aligned-writing.js';

type Alignment = Pick<AlignedWriting, 'pieceBytes' | 'spaceBehind'>;

/** How texts become bytes. */
export interface Sink {
  /** How much is best written at a time, in bytes. */
  readonly pieceBytes: number;
  /** Bytes of a text there, at most. */
  bytesOf(text: string): number;
  /** Writes texts of so many bytes in one piece; calls `done` when it is handed to the network, or at once. */
  write(texts: readonly string[], bytes: number, done: (error?: Error | null) => void): void;
}

/** One text behind the other, and white space that aligns them. */
export const oneDocument = (socket: Writable, alignment: Alignment): Sink => ({
  get pieceBytes() {
    return alignment.pieceBytes;
  },
  bytesOf: (text) => Buffer.byteLength(text),
  write: (texts, bytes, done) => {
    // Node would end the connection by an error, and what is on its way with it.
    if (!socket.writable) return done(new Error('the connection is closed'));
    let all = '';
    for (const text of texts) all += text;
    // Characters of one byte each are ASCII, and need no second look at each of them.
    const encoding = bytes === all.length ? 'latin1' : 'utf8';
    socket.write(all + alignment.spaceBehind(bytes), encoding, done);
  },
});

interface Unsent {
  text: string;
  /** Nothing behind it is written before this has settled. */
  until?: Promise<unknown>;
  settle(error?: Error | null): void;
}

/**
 * Writes texts to TLS. What is written in one turn goes out in few TLS records, each of whole texts: the server gets a
 * record whole or not at all. Where they are aligned, that is so for stanzas of up to 4096 bytes.
 */
export class Records {
  readonly #sink: Sink;
  #unsent: Unsent[] = [];
  #unsentCharacters = 0;
  #writing = false;
  #isClosed = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Characters that wait to be handed to the network. */
  get unsentCharacters(): number {
    return this.#unsentCharacters;
  }

  /** Resolves when the text is handed to the network. */
  write(text: string): Promise<void> {
    if (this.#isClosed) return Promise.reject(new ConnectionFailed('the stream is closed'));
    return new Promise((resolve, reject) => {
      const settle = (error?: Error | null) => (error ? reject(error) : resolve());
      this.#push({ text, settle });
    });
  }

  /** Writes what was given to it so far, and refuses what comes later. */
  close(): void {
    this.#isClosed = true;
  }

  /** Writes what was given to it so far, and nothing more before the promise has settled. */
  pause(until: Promise<unknown>): void {
    this.#push({ text: '', until, settle: () => undefined });
  }

  #push(unsent: Unsent): void {
    this.#unsent.push(unsent);
    this.#unsentCharacters += unsent.text.length;
    if (this.#writing) return;
    this.#writing = true;
    process.nextTick(() => this.#writeAll());
  }

  /**
   * A loop, as a sink may be done at once: were each piece to begin the next, many of them would overflow the stack.
   * Were each awaited, TLS would write one in each turn of Node's event loop.
   */
  #writeAll(): void {
    let isDone = true;
    while (isDone && this.#unsent.length > 0) isDone = this.#writePiece();
    this.#writing = !isDone;
  }

  /** Returns whether it is done already; otherwise goes on when it is. */
  #writePiece(): boolean {
    const { piece, bytes } = takePiece(this.#unsent, this.#sink);
    const texts = piece.map(({ text }) => text);
    for (const { length } of texts) this.#unsentCharacters -= length;
    let [isDone, isLater] = [false, false];
    this.#sink.write(texts, bytes, (error) => {
      for (const { settle } of piece) settle(error);
      const until = piece.at(-1)?.until;
      if (until !== undefined) void until.then(() => this.#writeAll());
      else if (isLater) this.#writeAll();
      else isDone = true;
    });
    isLater = true;
    return isDone;
  }
}

/** Removes as much from the front as is written at a time, and at least one text. */
function takePiece(
  unsent: Unsent[],
  { pieceBytes, bytesOf }: Sink,
): { piece: Unsent[]; bytes: number } {
  let bytes = 0;
  let count = 0;
  for (const { text, until } of unsent) {
    const next = bytes + bytesOf(text);
    if (count > 0 && next > pieceBytes) break;
    bytes = next;
    count += 1;
    if (until !== undefined) break;
  }
  return { piece: unsent.splice(0, count), bytes };
}
