import type { TLSSocket } from 'node:tls';
import { systemClock } from '../clock.js';
import { type ChannelBinding, channelBindingOf } from '../stream/channel-binding.js';
import { StreamParser } from '../stream/parser.js';
import { NS_STREAMS, streamHeader } from '../stream/stream-header.js';
import type { Alignment, StreamAddresses, StreamReader, Wire } from '../stream/wire.js';
import type { Element } from '../xml.js';
import { AlignedWriting } from './writing/aligned-writing.js';
import { PromptAcknowledgement } from './writing/prompt-acknowledgement.js';
import { oneDocument, Records } from './writing/records.js';

/** A stream on TLS over TCP (RFC 6120 §4): one long document, with white space between the elements where that helps. */
export class TcpWire implements Wire, Alignment {
  readonly closed: Promise<Error | undefined>;
  readonly addedBytes = 0;
  readonly alignment = this;
  readonly #socket: TLSSocket;
  readonly #records: Records;
  readonly #writing: AlignedWriting;
  readonly #acknowledgement = new PromptAcknowledgement(() => this.#writeSpace());
  /** Whether white space may be written here. */
  #hasRoom = false;
  #error: Error | undefined;
  /** The parser of the stream that is open; the one before it hears nothing more. */
  #parser: StreamParser | undefined;
  #isListening = false;
  #isEnding = false;

  constructor(socket: TLSSocket, clock = systemClock) {
    this.#socket = socket;
    this.#writing = new AlignedWriting(socket, clock);
    this.#records = new Records(oneDocument(socket, this.#writing));
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(this.#error)));
  }

  get tls(): string {
    return this.#socket.getProtocol() ?? 'no TLS';
  }

  get channelBinding(): ChannelBinding | undefined {
    return channelBindingOf(this.#socket);
  }

  get isBetween(): boolean {
    return this.#parser?.betweenStanzas ?? true;
  }

  get unsentCharacters(): number {
    return this.#records.unsentCharacters;
  }

  get paddedBytes(): number {
    return this.#writing.padded;
  }

  open({ to, from }: StreamAddresses, reader: StreamReader): void {
    const isFirst = this.#parser === undefined;
    this.#parser = this.#createParser(reader);
    this.#hasRoom = true;
    if (isFirst) {
      // RFC 6120 §6.3.5: once there are features, there is no white space until the login is done.
      this.#parser.once('element', () => {
        this.#hasRoom = false;
      });
    }
    this.write(streamHeader(to, from)).catch((error) => this.fail(error));
    if (!this.#isListening) this.#listen();
  }

  onRead(listener: () => void): void {
    this.#socket.on('data', listener);
  }

  /**
   * A stanza that is cut in two makes Prosody 0.12 keep the first half, and lose all that comes after the session is
   * resumed: see `Records`.
   */
  write(text: string): Promise<void> {
    this.#acknowledgement.wrote(text.length);
    return this.#records.write(text);
  }

  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#hasRoom = false;
    // A write that fails means that the connection is gone, which is what we are after.
    this.write('</stream:stream>').catch(() => this.destroy());
    // RFC 6120 §4.4: nothing stands behind it.
    this.#records.close();
  }

  taken(characters: number): boolean {
    return this.#writing.taken(characters);
  }

  alignAfter(taken: Promise<void>): void {
    const over = Promise.race([taken, this.closed]);
    this.#records.pause(over);
    void over.then(() => this.#writing.start());
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#isListening = true;
    // Characters may be cut in two by a read.
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => this.#read(text));
    // The tickets of TLS 1.3, which come before the features, want to be acknowledged too.
    this.#socket.on('session', () => this.#acknowledgement.read(0));
  }

  /** Whatever the parser or a reader throws ends this connection, not the process. */
  #read(text: string): void {
    this.#acknowledgement.read(text.length);
    try {
      this.#parser?.write(text);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  #createParser(reader: StreamReader): StreamParser {
    const parser = new StreamParser((head) => reader.itemReader(head));
    parser.on('start', (root: Element) => {
      if (!root.is('stream', NS_STREAMS)) throw new Error(`<${root.name}> opens no XMPP stream`);
    });
    parser.on('element', (element: Element) => {
      if (parser === this.#parser) reader.element(element);
    });
    parser.on('end', () => {
      if (parser !== this.#parser) return;
      this.#parser = undefined;
      this.#records.close();
      this.#socket.destroySoon();
      reader.end();
    });
    return parser;
  }

  #writeSpace(): void {
    if (!this.#hasRoom || !this.#socket.writable) return;
    // A write that fails means that the connection is gone, which `closed` tells.
    this.write(' ').catch(() => undefined);
  }
}
