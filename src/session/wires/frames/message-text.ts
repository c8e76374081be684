import { isAscii } from 'node:buffer';

/** Reads the text of a message part by part (RFC 6455 §8.1); a character may be cut. Throws on what is no UTF-8. */
export class MessageText {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** Whether the decoder has seen something of this message, and may hold a part of a character. */
  #isDecoding = false;

  read(part: Buffer): string {
    // Most of what comes is ASCII, which is read ten times as fast like this.
    if (!this.#isDecoding && isAscii(part)) return part.toString('latin1');
    this.#isDecoding = true;
    return this.#decoder.decode(part, { stream: true });
  }

  /** The message is over. */
  end(): void {
    if (this.#isDecoding) this.#decoder.decode();
    this.#isDecoding = false;
  }
}
