import type { Writable } from 'node:stream';

/** RFC 8446 §5.1. */
const MAX_RECORD_BYTES = 16_384;

interface Unsent {
  text: string;
  settle(error?: Error | null): void;
}

/**
 * Writes texts to TLS. What is written in one turn goes out in few TLS records, each of whole texts: the server gets a
 * record whole or not at all.
 */
export class Records {
  readonly #socket: Writable;
  #unsent: Unsent[] = [];
  #unsentCharacters = 0;
  #writing = false;

  constructor(socket: Writable) {
    this.#socket = socket;
  }

  /** Characters that wait to be handed to the network. */
  get unsentCharacters(): number {
    return this.#unsentCharacters;
  }

  /** Resolves when the text is handed to the network. */
  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error | null) => (error ? reject(error) : resolve());
      this.#unsent.push({ text, settle });
      this.#unsentCharacters += text.length;
      if (this.#writing) return;
      this.#writing = true;
      process.nextTick(() => this.#writeRecord());
    });
  }

  #writeRecord(): void {
    const record = takeRecord(this.#unsent);
    for (const { text } of record) this.#unsentCharacters -= text.length;
    this.#socket.write(record.map(({ text }) => text).join(''), (error) => {
      for (const { settle } of record) settle(error);
      this.#writing = this.#unsent.length > 0;
      if (this.#writing) this.#writeRecord();
    });
  }
}

/** Removes as much from the front as one record takes, and at least one text. */
function takeRecord(unsent: Unsent[]): Unsent[] {
  let size = 0;
  const end = unsent.findIndex(({ text }, index) => {
    size += Buffer.byteLength(text);
    return index > 0 && size > MAX_RECORD_BYTES;
  });
  return unsent.splice(0, end < 0 ? unsent.length : end);
}
