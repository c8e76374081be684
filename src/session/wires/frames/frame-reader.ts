import { isUtf8 } from 'node:buffer';
import {
  broken,
  type FrameHeader,
  headerBytes,
  isControl,
  MAX_HEADER_BYTES,
  Opcode,
  readHeader,
} from './frame-header.js';
import { MessageText } from './message-text.js';

/** Takes what a server's frames say. What it throws ends the reading. */
interface FrameListener {
  /** Some more text of the message. */
  text(part: string): void;
  /** The message is over. */
  messageEnd(): void;
  /** The server is to have the same payload back (§5.5.3). */
  ping(payload: Buffer): void;
  /** The server reads and writes no more. `status`: what it says why, in two bytes or none (§5.5.1). */
  close(status: Buffer): void;
}

/**
 * Reads the frames of a server (RFC 6455 §5), and hands on the text of a message as it comes: no message takes memory,
 * however long it is, or in how many frames. `read` throws on what §5 does not allow, and on binary messages.
 */
export class FrameReader {
  readonly #listener: FrameListener;
  readonly #text = new MessageText();
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES);
  #headerLength = 0;
  /** The frame whose payload comes. */
  #frame: FrameHeader | undefined;
  /** Bytes of its payload that are still to come. */
  #left = 0;
  /** What came of the payload of a control frame. */
  #control: Buffer[] = [];
  #isInMessage = false;
  #isOver = false;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** Whether nothing has come of a message that is not over. */
  get isBetween(): boolean {
    const begins = this.#headerLength > 0 && !isControl((this.#header[0] ?? 0) & 0x0f);
    return !this.#isInMessage && !begins;
  }

  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.#isOver) {
      at = this.#frame ? this.#readPayload(this.#frame, bytes, at) : this.#readHeader(bytes, at);
    }
  }

  /** Reads no more, of what was given to it either. */
  stop(): void {
    this.#isOver = true;
  }

  /** Both return the position behind what they have read. */
  #readHeader(bytes: Buffer, from: number): number {
    this.#header[this.#headerLength] = bytes[from] as number;
    this.#headerLength += 1;
    const [first = 0, second = 0] = this.#header;
    if (this.#headerLength < 2 || this.#headerLength < headerBytes(first, second)) return from + 1;
    const frame = readHeader(this.#header);
    this.#headerLength = 0;
    this.#begin(frame);
    return from + 1;
  }

  #begin(frame: FrameHeader): void {
    if (frame.opcode === Opcode.binary)
      throw new Error('the server sent a binary WebSocket message');
    if (!isControl(frame.opcode)) {
      const isFirst = frame.opcode === Opcode.text;
      if (isFirst && this.#isInMessage) throw broken('a message within another one');
      if (!isFirst && !this.#isInMessage) throw broken('the rest of no message');
      this.#isInMessage = true;
    }
    this.#frame = frame;
    this.#left = frame.length;
    if (frame.length === 0) this.#end(frame);
  }

  #readPayload(frame: FrameHeader, bytes: Buffer, from: number): number {
    const part = bytes.subarray(from, from + this.#left);
    this.#left -= part.length;
    if (isControl(frame.opcode)) this.#control.push(Buffer.from(part));
    else this.#readText(part);
    if (this.#left === 0) this.#end(frame);
    return from + part.length;
  }

  #readText(part: Buffer): void {
    const text = this.#decoded(() => this.#text.read(part));
    if (text) this.#listener.text(text);
  }

  #end(frame: FrameHeader): void {
    this.#frame = undefined;
    if (isControl(frame.opcode)) this.#endControl(frame.opcode);
    else if (frame.isFinal) this.#endMessage();
  }

  #endMessage(): void {
    this.#decoded(() => this.#text.end());
    this.#isInMessage = false;
    this.#listener.messageEnd();
  }

  #decoded<T>(decode: () => T): T {
    try {
      return decode();
    } catch {
      throw broken('text that is no UTF-8');
    }
  }

  #endControl(opcode: number): void {
    const payload = Buffer.concat(this.#control);
    this.#control = [];
    if (opcode === Opcode.ping) this.#listener.ping(payload);
    if (opcode !== Opcode.close) return;
    checkClose(payload);
    this.stop();
    this.#listener.close(payload.subarray(0, 2));
  }
}

/** §7.4: those that may be sent, and those that are left to programs. */
const mayBeSent = (status: number): boolean =>
  (status >= 1000 && status <= 1014 && ![1004, 1005, 1006].includes(status)) ||
  (status >= 3000 && status <= 4999);

/** §5.5.1: nothing, or a status and the reason for people. */
function checkClose(payload: Buffer): void {
  if (payload.length === 0) return;
  if (payload.length === 1 || !mayBeSent(payload.readUInt16BE()))
    throw broken('no status to close by');
  if (!isUtf8(payload.subarray(2))) throw broken('text that is no UTF-8');
}
