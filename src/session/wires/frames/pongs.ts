import type { Writable } from 'node:stream';
import { Opcode } from './frame-header.js';
import { controlFrame } from './frames.js';

const NOTHING = Buffer.alloc(0);

/**
 * Writes pongs (RFC 6455 §5.5.3). While one is not yet handed to the network, only the last ping that came is kept to be
 * answered, as it allows: a server that asks and reads nothing takes no memory.
 */
export class Pongs {
  readonly #socket: Writable;
  #isWriting = false;
  #owed: Buffer | undefined;

  constructor(socket: Writable) {
    this.#socket = socket;
  }

  answer(payload: Buffer): void {
    this.#owed = payload;
    if (!this.#isWriting) this.#write(payload);
  }

  /** A pong that nobody has asked for, and nobody answers. */
  unasked(): void {
    if (!this.#isWriting) this.#write(NOTHING);
  }

  #write(payload: Buffer): void {
    this.#owed = undefined;
    if (!this.#socket.writable) return;
    this.#isWriting = true;
    // A write that fails means that the connection is gone, which the wire hears of.
    this.#socket.write(controlFrame(Opcode.pong, payload), () => {
      this.#isWriting = false;
      if (this.#owed) this.#write(this.#owed);
    });
  }
}
