import type { Element } from '../xml.js';
import type { ChannelBinding } from './channel-binding.js';
import { ConnectionFailed, ServerNotTrusted } from './connection-errors.js';
import type { ItemReader } from './parser.js';
import { StreamError } from './stream-error.js';
import { NS_STREAMS } from './stream-header.js';
import type { StreamReader, Wire } from './wire.js';

/** How long the connection may take to end once either side has closed the stream; after that it is cut. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * In characters; more than full windows of many bytestreams. A server that sends, and reads little or nothing, would
 * have what is to be sent to it fill the memory.
 */
const MAX_UNSENT_CHARACTERS = 32 * 1024 * 1024;

/** An encrypted stream of elements, before the login and after it. */
export class XmppStream {
  /** Whether host-meta alone says that this is the account's server (XEP-0156): the certificate names another host. */
  readonly isDelegated: boolean;
  readonly #wire: Wire;
  readonly #reader: StreamReader = {
    element: (element) => this.#receive(element),
    itemReader: (head) => this.#itemReader?.(head),
    end: () => this.#cutSoon(),
  };
  #consumer: ((element: Element) => void) | undefined;
  #itemReader: ((head: Element) => ItemReader | undefined) | undefined;
  #backlog: Element[] = [];

  constructor(wire: Wire, { isDelegated = false } = {}) {
    this.#wire = wire;
    this.isDelegated = isDelegated;
  }

  /** Resolves when the connection is gone, to the error that ended it, if one did. */
  get closed(): Promise<Error | undefined> {
    return this.#wire.closed;
  }

  /**
   * Opens a stream to the server of a domain, in place of the one before if there was one (RFC 6120 §6.4.6). Nothing
   * that came behind the last element of that one counts for this one: throws `ServerNotTrusted`.
   */
  open(domain: string, account: string): void {
    if (this.#backlog.length > 0 || !this.#wire.isBetween) {
      throw new ServerNotTrusted(
        'the server sent more than it was asked before the login was done',
      );
    }
    this.#wire.open({ to: domain, from: account }, this.#reader);
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
    return this.#wire.channelBinding;
  }

  /** The version of TLS, such as `TLSv1.3`. */
  get tls(): string {
    return this.#wire.tls;
  }

  /** Calls the listener whenever something arrives, a keepalive too; to be called after the login. */
  onRead(listener: () => void): void {
    this.#wire.onRead(listener);
  }

  /** Writes an element; resolves when it is handed to the network. */
  write(text: string): Promise<void> {
    const written = this.#wire.write(text);
    if (this.#wire.unsentCharacters > MAX_UNSENT_CHARACTERS) {
      this.fail(new ConnectionFailed('the server reads too slowly for what waits to be sent'));
    }
    return written;
  }

  /**
   * The server has taken stanzas of so many characters. Returns whether what follows is to be aligned with its reads,
   * by `alignAfter`.
   */
  taken(characters: number): boolean {
    return this.#wire.alignment?.taken(characters) ?? false;
  }

  /** `taken` settles when the server has taken all that was written; until then nothing more goes out. */
  alignAfter(taken: Promise<void>): void {
    this.#wire.alignment?.alignAfter(taken);
  }

  /** Bytes that each stanza takes beside its own. */
  get addedBytes(): number {
    return this.#wire.addedBytes;
  }

  /** Bytes of white space that filled up what was written. */
  get paddedBytes(): number {
    return this.#wire.alignment?.paddedBytes ?? 0;
  }

  /** Cuts the connection because of an error. */
  fail(error: Error): void {
    this.#wire.fail(error);
  }

  /** Closes the stream, waits a little for the server to do the same, and ends the connection. */
  async close(): Promise<void> {
    this.#cutSoon();
    this.#wire.end();
    await this.closed;
  }

  /** A side that keeps the connection, or reads nothing, would have us wait for it. */
  #cutSoon(): void {
    const timer = setTimeout(() => this.#wire.destroy(), CLOSE_TIMEOUT_MS);
    void this.closed.then(() => clearTimeout(timer));
  }

  #receive(element: Element): void {
    if (element.is('error', NS_STREAMS)) this.fail(new StreamError(element, this));
    else if (this.#consumer) this.#consumer(element);
    else this.#backlog.push(element);
  }
}
