import type { TLSSocket } from 'node:tls';
import { serialize } from '../stream/serialize.js';
import { NS_STREAMS } from '../stream/stream-header.js';
import type { StreamAddresses, StreamReader, Wire } from '../stream/wire.js';
import { type Element, xml } from '../xml.js';
import { framed, MessageReader, NAMESPACE_BYTES } from './framed-message.js';
import { Opcode } from './frames/frame-header.js';
import { FrameReader } from './frames/frame-reader.js';
import { controlFrame, MAX_CLIENT_HEADER_BYTES, messages } from './frames/frames.js';
import { Pongs } from './frames/pongs.js';
import { MAX_RECORD_BYTES } from './writing/aligned-writing.js';
import { PromptAcknowledgement } from './writing/prompt-acknowledgement.js';
import { Records, type Sink } from './writing/records.js';

const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing';

/** RFC 6455 §7.4.1, as it stands in a frame. */
const NORMAL_CLOSURE = Buffer.of(1000 >> 8, 1000 & 0xff);

/** Each text in a message; those of one piece go out together. */
const messagesOn = (socket: TLSSocket): Sink => ({
  pieceBytes: MAX_RECORD_BYTES,
  bytesOf: (text) => Buffer.byteLength(text) + MAX_CLIENT_HEADER_BYTES,
  write: (texts, _bytes, done) => {
    if (socket.writable) socket.write(messages(texts), done);
    else done(new Error('the connection is closed'));
  },
});

/** A stream on a WebSocket (RFC 7395): each element is a message, and there is nothing between them. */
export class WebSocketWire implements Wire {
  readonly closed: Promise<Error | undefined>;
  /** What ends TLS before the server would make each binding a wrong one. */
  readonly channelBinding = undefined;
  readonly addedBytes = NAMESPACE_BYTES;
  readonly #socket: TLSSocket;
  readonly #records: Records;
  readonly #pongs: Pongs;
  /** By pongs, in place of white space; they may stand behind what closes the stream, too (RFC 6455 §5.5.1). */
  readonly #acknowledgement = new PromptAcknowledgement(() => this.#pongs.unasked());
  readonly #messages = new MessageReader((head) => this.#reader?.itemReader(head));
  readonly #frames = new FrameReader({
    text: (part) => this.#messages.write(part),
    messageEnd: () => this.#receive(this.#messages.end()),
    ping: (payload) => this.#pongs.answer(payload),
    close: (status) => {
      this.#records.close();
      this.#leave(status);
      this.#socket.destroySoon();
      this.#reader?.end();
    },
  });
  #reader: StreamReader | undefined;
  /** Whether the server has opened its side of the stream. */
  #isOpen = false;
  /** Settles when our `<close/>` is handed to the network, or cannot be any more; absent before it is written. */
  #ending: Promise<void> | undefined;
  #isLeaving = false;
  #error: Error | undefined;

  /** `socket`: see `openWebSocket`. */
  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.#pongs = new Pongs(socket);
    this.#records = new Records(messagesOn(socket));
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(this.#error)));
  }

  get tls(): string {
    return this.#socket.getProtocol() ?? 'no TLS';
  }

  get isBetween(): boolean {
    return this.#frames.isBetween;
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

  end(): void {
    void this.#writeClose();
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  destroy(): void {
    // What came in one piece with what ended it is not heard.
    this.#frames.stop();
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#socket.on('session', () => this.#acknowledgement.read(0));
  }

  /** §3.6: nothing stands behind it. */
  #writeClose(): Promise<void> {
    // A write that fails means that the connection is gone, which is what we are after.
    this.#ending ??= this.write(serialize(xml('close', { xmlns: NS_FRAMING }))).catch(() =>
      this.destroy(),
    );
    this.#records.close();
    return this.#ending;
  }

  /** Whatever the parser or a reader throws ends this connection, not the process. */
  #read(bytes: Buffer): void {
    this.#acknowledgement.read(bytes.length);
    try {
      this.#frames.read(bytes);
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
    // RFC 6455 §5.5.1: no message goes out behind the frame that closes.
    void this.#writeClose().then(() => this.#leave(NORMAL_CLOSURE));
  }

  /** RFC 6455 §7.1.2; `status` is empty, or two bytes. */
  #leave(status: Buffer): void {
    if (this.#isLeaving || !this.#socket.writable) return;
    this.#isLeaving = true;
    this.#socket.write(controlFrame(Opcode.close, status));
  }
}
