import { randomBytes } from 'node:crypto';
import { reasonOf } from '../dial/network-reason.js';
import { bareJid, parseJid } from '../jid.js';
import { Outbox } from '../outbox/outbox.js';
import { ping } from '../ping.js';
import { failAfter, untilOverdue, untilSilent } from '../resume/liveness.js';
import { type Resumed, Resumption, type ResumptionOptions } from '../resume/resumption.js';
import { NS_SM, StreamManagement } from '../resume/stream-management.js';
import { ConnectionLost, type StanzaSession } from '../stanza-session.js';
import { ConnectionFailed } from '../stream/connection-errors.js';
import { serialize, textMaker } from '../stream/serialize.js';
import { StreamError } from '../stream/stream-error.js';
import type { XmppStream } from '../stream/xmpp-stream.js';
import { type Element, xml } from '../xml.js';
import { ResourceConflict, withAnother } from './resource-conflict.js';
import type { StanzaTransport } from './stanza-transport.js';

type Owner = Pick<StanzaSession, 'receive' | 'itemReader' | 'suspend' | 'resume' | 'end'>;

export interface ConnectionOptions extends ResumptionOptions {
  /** Told, when a connection is over, how much white space went over it for the sake of speed; see `AlignedWriting`. */
  onPadded?: ((bytes: number) => void) | undefined;
  /** The own full JID. */
  jid: string;
  /** The largest stanza that the server takes, where it says so. */
  maxStanzaBytes: number | undefined;
}

/** The streams that carry a session, one after the other. */
export class Connection implements StanzaTransport {
  readonly #options: ConnectionOptions;
  readonly #management: StreamManagement | undefined;
  readonly #resumption: Resumption | undefined;
  readonly #closing = new AbortController();
  readonly #outbox: Outbox;
  /** Settles when what was written last is handed to the network. */
  #written = Promise.resolve();
  #owner!: Owner;
  #stream: XmppStream;
  /** Settles after the stream is gone: when there is another one, or with the error that ended the session. */
  #recovered!: Promise<void>;

  /** `enabled`: what the server answered to `<enable/>`, where it has stream management. */
  constructor(stream: XmppStream, enabled: Element | undefined, options: ConnectionOptions) {
    this.#stream = stream;
    this.#options = options;
    const taken = () => this.#management?.sync() ?? this.#written;
    this.#outbox = new Outbox(taken, options.clock, serverAddresses(options.jid));
    if (!enabled) return;
    const signal = AbortSignal.any([this.#closing.signal, options.signal]);
    const write = (text: string) => this.#writeRaw(text);
    const acknowledged = (characters: number) => this.#taken(characters);
    this.#management = new StreamManagement(write, acknowledged);
    this.#resumption = Resumption.from(enabled, { ...options, signal });
  }

  /** Hands over what has come and what comes; to be called first. */
  start(owner: Owner): void {
    this.#owner = owner;
    this.#follow(this.#stream, () => undefined);
  }

  /**
   * A stanza that is written while there is no stream, or cut off on its way, goes out with the next one. One that
   * would end the stream does not: rejects with `UnsendableStanza`.
   */
  async write(stanza: Element): Promise<void> {
    const textOf = textMaker(stanza, this.#options.maxStanzaBytes, this.#stream.addedBytes);
    const text = textOf();
    await new Promise<void>((resolve, reject) => {
      const write = () => this.#write(text, textOf).then(resolve, reject);
      this.#outbox.put(stanza, { characters: text.length, write, fail: reject });
    });
  }

  /** See `Outbox`. */
  isFull(to: string): boolean {
    return this.#outbox.isFull(to);
  }

  isBehind(to: string): boolean {
    return this.#outbox.isBehind(to);
  }

  async sync(): Promise<void> {
    this.#outbox.flush();
    await this.#management?.sync();
  }

  async close(): Promise<void> {
    this.#closing.abort(new ConnectionLost('the session was closed'));
    this.#outbox.flush();
    this.#management?.acknowledge();
    await this.#stream.close();
  }

  #write(text: string, again: () => string): Promise<void> {
    const recovered = this.#recovered;
    // What was not written is repeated after a resumption; where there is none, that tells why.
    this.#written = this.#stream.write(text).catch(() => recovered);
    this.#management?.sent(text, again);
    return this.#written;
  }

  #taken(characters: number): void {
    const stream = this.#stream;
    if (stream.taken(characters) && this.#management) stream.alignAfter(this.#management.sync());
  }

  #follow(stream: XmppStream, begin: (gone: AbortSignal) => void): void {
    const gone = new AbortController();
    this.#stream = stream;
    this.#recovered = stream.closed.then((error) => {
      gone.abort();
      if (stream.paddedBytes > 0) this.#options.onPadded?.(stream.paddedBytes);
      return this.#recover(error);
    });
    // The session is told, and so is each writer.
    this.#recovered.catch(() => undefined);
    const silent = untilSilent(stream, () => this.#ask(), this.#options.clock, gone.signal);
    failAfter(silent, stream, new ConnectionFailed('the server gives no sign of life'));
    try {
      begin(gone.signal);
      stream.consume(
        (element) => this.#receive(element),
        (head) => this.#owner.itemReader(head),
      );
    } catch (error) {
      stream.fail(error as Error);
    }
  }

  #receive(element: Element): void {
    if (element.getNS() === NS_SM) return this.#management?.receive(element);
    this.#management?.handled();
    this.#owner.receive(element);
  }

  async #recover(error: Error | undefined): Promise<void> {
    try {
      const management = this.#management;
      if (!management?.complete || !this.#resumption || !isCut(error))
        throw endOf(error, this.#options.jid);
      this.#closing.signal.throwIfAborted();
      this.#options.signal.throwIfAborted();
      management.suspend();
      this.#owner.suspend();
      this.#goOn(management, await this.#resumption.run(management));
    } catch (reason) {
      this.#outbox.fail(reason as Error);
      this.#owner.end(reason as Error);
      throw reason;
    }
  }

  #goOn(management: StreamManagement, { stream, resumed, roundTrip }: Resumed): void {
    this.#follow(stream, (gone) => {
      this.#closing.signal.throwIfAborted();
      if (!management.complete) throw new Error('too much was sent while it was cut');
      const heard = management.resume(resumed);
      const deaf = untilOverdue(heard, { stream, roundTrip }, this.#options.clock, gone);
      // Prosody 0.12 goes on with the parser of the old connection: what comes is a part of the stanza cut in two.
      failAfter(deaf, stream, new Error('the server resumed the session, but does not hear us'));
      this.#owner.resume();
    });
  }

  /** Has the server say something; any answer will do. */
  #ask(): void {
    if (this.#management) return this.#management.ask();
    const id = randomBytes(16).toString('base64url');
    this.#writeRaw(serialize(xml('iq', { type: 'get', id }, ping())));
  }

  #writeRaw(text: string): void {
    // Where the stream is over, `closed` tells; to cut it here would lose what is still on its way.
    this.#stream.write(text).catch(() => undefined);
  }
}

/** RFC 6120 §8.1.2.1: by which the own server speaks for the account, and for itself. */
const serverAddresses = (jid: string): string[] => [bareJid(jid), parseJid(jid).domain];

/** Whether a new connection may mend it. A refusal, or what we cannot read, would only come again. */
function isCut(error: NodeJS.ErrnoException | undefined): boolean {
  if (error instanceof StreamError) return error.transient;
  // Errors of the network and of TLS have a code.
  return error === undefined || error instanceof ConnectionFailed || error.code !== undefined;
}

function endOf(error: Error | undefined, jid: string): Error {
  if (error instanceof StreamError && error.condition === 'conflict') {
    const message = `another client has logged in with the same resource, as ${jid}, and so ended this session`;
    return withAnother(new ResourceConflict(message, { cause: error }), jid);
  }
  const why = error ? reasonOf(error) : 'the server closed it';
  return new ConnectionLost(`the connection was lost (${why})`, { cause: error });
}
