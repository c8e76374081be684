import type { TLSSocket } from 'node:tls';
import type WebSocket from 'ws';
import { serialize } from '../stream/serialize.js';
import { StreamError } from '../stream/stream-error.js';
import type { StreamAddresses, StreamReader, Wire } from '../stream/wire.js';
import { type Element, xml } from '../xml.js';
import { framed, NAMESPACE_BYTES, readMessage } from './framed-message.js';

const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing';

/** RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;

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
  #reader: StreamReader | undefined;
  /** Whether the server has opened its side of the stream. */
  #isOpen = false;
  #isEnding = false;
  #isCorked = false;
  #unsentCharacters = 0;
  #error: Error | undefined;

  /** `webSocket` is open, and paused. */
  constructor(webSocket: WebSocket, socket: TLSSocket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
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
    return this.#unsentCharacters;
  }

  /** §3.4, and §3.5 for a stream that takes the place of another one. */
  open({ to, from }: StreamAddresses, reader: StreamReader): void {
    const isFirst = this.#reader === undefined;
    this.#reader = reader;
    this.#isOpen = false;
    this.#send(xml('open', { xmlns: NS_FRAMING, version: '1.0', to, from }));
    if (!isFirst) return;
    this.#webSocket.on('message', (data, isBinary) => this.#read(String(data), isBinary));
    this.#webSocket.resume();
  }

  onRead(listener: () => void): void {
    this.#socket.on('data', listener);
  }

  write(text: string): Promise<void> {
    this.#unsentCharacters += text.length;
    this.#writeTogether();
    return new Promise((resolve, reject) => {
      this.#webSocket.send(framed(text), (error) => {
        this.#unsentCharacters -= text.length;
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** §3.6. */
  end(): void {
    this.#isEnding = true;
    this.#send(xml('close', { xmlns: NS_FRAMING }));
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  /** What is written in one turn goes out in few TLS records: the server reads each by itself. */
  #writeTogether(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }

  #send(element: Element): void {
    this.write(serialize(element)).catch((error) => this.fail(error));
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
    if (uri) throw new StreamError(xml('error', {}, xml('see-other-host', {}, uri)));
    if (!this.#isEnding) this.end();
    this.#webSocket.close(NORMAL_CLOSURE);
  }
}
