import type { TLSSocket } from 'node:tls';
import { systemClock } from '../clock.js';
import type { Element } from '../xml.js';
import { type ChannelBinding, channelBindingOf } from './channel-binding.js';
import { ConnectionFailed, ServerNotTrusted } from './connection-errors.js';
import { type ItemReader, StreamParser } from './parser.js';
import { StreamError } from './stream-error.js';
import { NS_STREAMS, streamHeader } from './stream-header.js';
import { AlignedWriting } from './writing/aligned-writing.js';
import { PromptAcknowledgement } from './writing/prompt-acknowledgement.js';
import { Records } from './writing/records.js';

/** How long the server may take to close its side; after that the connection is cut. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * In characters; more than full windows of many bytestreams. A server that sends, and reads little or nothing, would
 * have what is to be sent to it fill the memory.
 */
const MAX_UNSENT_CHARACTERS = 32 * 1024 * 1024;

/** An encrypted stream of elements, before the login and after it. */
export class XmppStream {
  /** Resolves when the connection is gone, to the error that ended it, if one did. */
  readonly closed: Promise<Error | undefined>;
  readonly #socket: TLSSocket;
  readonly #records: Records;
  readonly #alignment: AlignedWriting;
  readonly #acknowledgement = new PromptAcknowledgement(() => this.#writeSpace());
  /** Whether white space may be written here. */
  #hasRoom = false;
  #error: Error | undefined;
  /** The parser of the stream that is open; the one before it hears nothing more. */
  #parser: StreamParser | undefined;
  #isListening = false;
  #consumer: ((element: Element) => void) | undefined;
  #itemReader: ((head: Element) => ItemReader | undefined) | undefined;
  #backlog: Element[] = [];

  constructor(socket: TLSSocket, clock = systemClock) {
    this.#socket = socket;
    this.#alignment = new AlignedWriting(socket, clock);
    this.#records = new Records(socket, this.#alignment);
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(this.#error)));
  }

  /**
   * Opens a stream to the server of a domain, in place of the one before if there was one (RFC 6120 §6.4.6). Nothing
   * that came behind the last element of that one counts for this one: throws `ServerNotTrusted`.
   */
  open(domain: string, account: string): void {
    if (this.#backlog.length > 0 || (this.#parser && !this.#parser.betweenStanzas)) {
      throw new ServerNotTrusted(
        'the server sent more than it was asked before the login was done',
      );
    }
    const isFirst = this.#parser === undefined;
    this.#parser = this.#createParser();
    this.#hasRoom = true;
    if (isFirst) {
      // RFC 6120 §6.3.5: once there are features, there is no white space until the login is done.
      this.#parser.once('element', () => {
        this.#hasRoom = false;
      });
    }
    this.write(streamHeader(domain, account)).catch((error) => this.fail(error));
    if (!this.#isListening) this.#listen();
  }

  /**
   * Hands over every element; without a consumer they are kept for the next one. `itemReader` is asked by the
   * attributes of each who reads the items of its payload as they come.
   */
  consume(
    consumer: ((element: Element) => void) | undefined,
    itemReader?: (head: Element) => ItemReader | undefined,
  ): void {
    this.#consumer = consumer;
    this.#itemReader = itemReader;
    while (this.#consumer && this.#backlog.length > 0) {
      this.#consumer(this.#backlog.shift() as Element);
    }
  }

  /** What binds a login to this connection. */
  get channelBinding(): ChannelBinding | undefined {
    return channelBindingOf(this.#socket);
  }

  /** The version of TLS, such as `TLSv1.3`. */
  get tls(): string {
    return this.#socket.getProtocol() ?? 'no TLS';
  }

  /** Calls the listener whenever something arrives, a keepalive too; to be called after the login. */
  onRead(listener: () => void): void {
    this.#socket.on('data', listener);
  }

  /**
   * Writes raw XML; resolves when it is handed to the network. Of a stanza cut in two Prosody 0.12 would keep the first
   * half, and lose all that comes after the session is resumed: see `Records`.
   */
  write(text: string): Promise<void> {
    this.#acknowledgement.wrote(text.length);
    const written = this.#records.write(text);
    if (this.#records.unsentCharacters > MAX_UNSENT_CHARACTERS) {
      this.fail(new ConnectionFailed('the server reads too slowly for what waits to be sent'));
    }
    return written;
  }

  /**
   * The server has taken stanzas of so many characters. Returns whether what follows is to be aligned with its reads,
   * by `alignAfter`.
   */
  taken(characters: number): boolean {
    return this.#alignment.taken(characters);
  }

  /** `taken` settles when the server has taken all that was written; until then nothing more goes out. */
  alignAfter(taken: Promise<void>): void {
    const over = Promise.race([taken, this.closed]);
    this.#records.pause(over);
    void over.then(() => this.#alignment.start());
  }

  /** Bytes of white space that filled up what was written. */
  get paddedBytes(): number {
    return this.#alignment.padded;
  }

  /** Cuts the connection because of an error. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  /** Closes the stream, waits a little for the server to do the same, and ends the connection. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    this.#hasRoom = false;
    // A write that fails means that the connection is gone, which is what we are after.
    this.write('</stream:stream>').catch(() => this.#socket.destroy());
    await this.closed;
    clearTimeout(timer);
  }

  #listen(): void {
    this.#isListening = true;
    // Characters may be cut in two by a read.
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => this.#read(text));
    // The tickets of TLS 1.3, which come before the features, want to be acknowledged too.
    this.#socket.on('session', () => this.#acknowledgement.read(0));
  }

  /** Whatever the parser or a consumer throws ends this connection, not the process. */
  #read(text: string): void {
    this.#acknowledgement.read(text.length);
    try {
      this.#parser?.write(text);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  #createParser(): StreamParser {
    const parser = new StreamParser((head) => this.#itemReader?.(head));
    parser.on('start', (root: Element) => {
      if (!root.is('stream', NS_STREAMS)) throw new Error(`<${root.name}> opens no XMPP stream`);
    });
    parser.on('element', (element: Element) => {
      if (parser === this.#parser) this.#receive(element);
    });
    parser.on('end', () => {
      if (parser !== this.#parser) return;
      this.#parser = undefined;
      this.#socket.destroySoon();
    });
    return parser;
  }

  #writeSpace(): void {
    if (!this.#hasRoom || !this.#socket.writable) return;
    // A write that fails means that the connection is gone, which `closed` tells.
    this.write(' ').catch(() => undefined);
  }

  #receive(element: Element): void {
    if (element.is('error', NS_STREAMS)) this.fail(new StreamError(element));
    else if (this.#consumer) this.#consumer(element);
    else this.#backlog.push(element);
  }
}
