import type { TLSSocket } from 'node:tls';
import type WebSocket from 'ws';
import { serialize } from '../stream/serialize.js';
import { NS_STREAMS } from '../stream/stream-header.js';
import type { StreamAddresses, StreamReader, Wire } from '../stream/wire.js';
import { type Element, xml } from '../xml.js';
import { answerPings } from './answer-pings.js';
import { framed, NAMESPACE_BYTES, readMessage } from './framed-message.js';
import { MAX_RECORD_BYTES } from './writing/aligned-writing.js';
import { PromptAcknowledgement } from './writing/prompt-acknowledgement.js';
import { Records, type Sink } from './writing/records.js';

const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing';

/** RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;

/** RFC 6455 §5.2: what stands before a message of a client, at most. */
const MAX_HEADER_BYTES = 14;

/** Each text in a message; those of one piece go out together. */
const messagesOn = (webSocket: WebSocket, socket: TLSSocket): Sink => ({
  pieceBytes: MAX_RECORD_BYTES,
  bytesOf: (text) => Buffer.byteLength(text) + MAX_HEADER_BYTES,
  write: (texts, _bytes, done) => {
    socket.cork();
    for (const [index, text] of texts.entries()) {
      webSocket.send(text, index === texts.length - 1 ? done : undefined);
    }
    socket.uncork();
  },
});

/** A stream on a WebSocket (RFC 7395): each element is a message, and there is nothing between them. */
export class WebSocketWire implements Wire {
  readonly closed: Promise<Error | undefined>;
  /** What ends TLS before the server would make each binding a wrong one. */
  readonly channelBinding = undefined;
  readonly isBetween = true;
  readonly addedBytes = NAMESPACE_BYTES;
  readonly #webSocket: WebSocket;
  /** The connection under it. */
  readonly #socket: TLSSocket;
  readonly #records: Records;
  readonly #acknowledgement = new PromptAcknowledgement(() => this.#pong());
  #reader: StreamReader | undefined;
  /** Whether the server has opened its side of the stream. */
  #isOpen = false;
  #isEnding = false;
  #error: Error | undefined;

  /** `webSocket` is open, and paused. */
  constructor(webSocket: WebSocket, socket: TLSSocket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#records = new Records(messagesOn(webSocket, socket));
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    webSocket.on('error', ({ message }) =>
      this.fail(new Error(`the server broke the rules of WebSocket: ${message}`)),
    );
    this.closed = new Promise((resolve) => webSocket.once('close', () => resolve(this.#error)));
  }

  get tls(): string {
    return this.#socket.getProtocol() ?? 'no TLS';
  }

  get unsentCharacters(): number {
    return this.#records.unsentCharacters;
  }

  /** §3.4, and §3.5 for a stream that takes the place of another one. */
  open({ to, from }: StreamAddresses, reader: StreamReader): void {
    const isFirst = this.#reader === undefined;
    this.#reader = reader;
    this.#isOpen = false;
    const header = xml('open', { xmlns: NS_FRAMING, version: '1.0', to, from });
    this.write(serialize(header)).catch((error) => this.fail(error));
    if (isFirst) this.#listen();
  }

  onRead(listener: () => void): void {
    this.#socket.on('data', listener);
  }

  /** The same holds as on TCP: of a message cut in two Prosody 0.12 would keep the first half. */
  write(text: string): Promise<void> {
    this.#acknowledgement.wrote(text.length);
    return this.#records.write(framed(text));
  }

  /** §3.6. */
  end(): void {
    void this.#writeClose();
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  #listen(): void {
    answerPings(this.#webSocket);
    this.#webSocket.on('message', (data, isBinary) => this.#read(String(data), isBinary));
    this.#socket.on('data', ({ length }: Buffer) => this.#acknowledgement.read(length));
    this.#socket.on('session', () => this.#acknowledgement.read(0));
    this.#webSocket.resume();
  }

  /** RFC 6455 §5.5.3: in place of white space. Nobody has asked for it, and nobody answers. */
  #pong(): void {
    if (this.#isEnding || this.#error) return;
    // A write that fails means that the connection is gone, which `closed` tells.
    this.#webSocket.pong(undefined, undefined, () => undefined);
  }

  async #writeClose(): Promise<void> {
    this.#isEnding = true;
    // A write that fails means that the connection is gone, which is what we are after.
    await this.write(serialize(xml('close', { xmlns: NS_FRAMING }))).catch(() => this.destroy());
  }

  /** Whatever the parser or a reader throws ends this connection, not the process. */
  #read(text: string, isBinary: boolean): void {
    // What came in one piece with the message that ended it is still told of.
    if (this.#error) return;
    try {
      if (isBinary) throw new Error('the server sent a binary WebSocket message');
      this.#receive(readMessage(text, (head) => this.#reader?.itemReader(head)));
    } catch (error) {
      this.fail(error as Error);
    }
  }

  #receive(element: Element): void {
    if (element.is('close', NS_FRAMING)) return this.#receiveClose(element);
    const opens = element.is('open', NS_FRAMING);
    if (opens === this.#isOpen) {
      throw new Error(
        opens ? 'the server opened its stream twice' : `<${element.name}> opens no XMPP stream`,
      );
    }
    if (opens) this.#isOpen = true;
    else this.#reader?.element(element);
  }

  /** §3.6.1: another address is not followed, as none is on TCP. */
  #receiveClose({ attrs: { 'see-other-uri': uri } }: Element): void {
    const elsewhere = xml('error', { xmlns: NS_STREAMS }, xml('see-other-host', {}, uri));
    if (uri) return this.#reader?.element(elsewhere);
    this.#reader?.end();
    const said = this.#isEnding ? Promise.resolve() : this.#writeClose();
    void said.then(() => this.#webSocket.close(NORMAL_CLOSURE));
  }
}
