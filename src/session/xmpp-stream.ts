import type { TLSSocket } from 'node:tls';
import { client, type Entity, type Transport } from '@xmpp/client';
import { ConnectionFailed, ServerNotTrusted } from './dial.js';
import { type ItemReader, StreamParser } from './parser.js';
import { type Credentials, createMechanism, mechanisms, NotAuthorized } from './sasl.js';
import { SocketAdapter } from './socket-adapter.js';
import { StreamError } from './stream-error.js';
import type { Element } from './xml.js';

const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const NS_STREAMS = 'http://etherx.jabber.org/streams';

/** How long the server may take to close its side; after that the connection is cut. */
const CLOSE_TIMEOUT_MS = 1_000;

/** RFC 8446 §5.1. */
const MAX_RECORD_BYTES = 16_384;

interface Unsent {
  text: string;
  settle(error?: Error | null): void;
}

export interface LoginOptions extends Credentials {
  domain: string;
  allowPlain: boolean;
}

/**
 * An encrypted stream. @xmpp/client runs it up to the login: it sees the features and the SASL
 * exchange and nothing else, because its handling of stanzas, stream management, reconnects and
 * redirects trusts the server and the peers too far.
 */
export class XmppStream {
  /** Resolves when the connection is gone, to the error that ended it, if one did. */
  readonly closed: Promise<Error | undefined>;
  readonly #socket: TLSSocket;
  #error: Error | undefined;
  #consumer: ((element: Element) => void) | undefined;
  #itemReader: ((head: Element) => ItemReader | undefined) | undefined;
  #backlog: Element[] = [];
  #unsent: Unsent[] = [];
  #writing = false;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(this.#error)));
  }

  /**
   * Logs in and resolves to the features offered after it.
   * Rejects with `NotAuthorized`, `ServerNotTrusted` or `ConnectionFailed`.
   */
  logIn(options: LoginOptions): Promise<Element> {
    return new Promise((resolve, reject) => {
      const entity = this.#startLibrary(options, resolve);
      const fail = (error: Error) => {
        reject(asLoginError(error));
        this.fail(error);
      };
      entity.on('error', fail);
      entity.on('close', () => this.#socket.destroySoon());
      void this.closed.then((error) => fail(error ?? new Error('the server closed the stream')));
      entity
        .connect(`xmpps://${options.domain}`)
        .then(() => {
          const opened = entity.open({ domain: options.domain });
          this.#acknowledgeTickets(entity);
          return opened;
        })
        .catch(fail);
    });
  }

  /**
   * Hands over every element after the features; without a consumer they are kept for the next one. `itemReader` is
   * asked by the attributes of each who reads the items of its payload as they come.
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

  /** Calls the listener whenever something arrives, a keepalive too; to be called after the login. */
  onRead(listener: () => void): void {
    this.#socket.on('data', listener);
  }

  /**
   * Writes raw XML; resolves when it is handed to the network. What is written in one turn goes out in few TLS
   * records, each of whole texts: the server gets a record whole or not at all. Of a stanza cut in two
   * Prosody 0.12 would keep the first half, and lose all that comes after the session is resumed.
   */
  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error | null) => (error ? reject(error) : resolve());
      this.#unsent.push({ text, settle });
      if (this.#writing) return;
      this.#writing = true;
      process.nextTick(() => this.#writeRecord());
    });
  }

  /** Cuts the connection because of an error. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  /** Closes the stream, waits a little for the server to do the same, and ends the connection. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    // A write that fails means that the connection is gone, which is what we are after.
    this.write('</stream:stream>').catch(() => this.#socket.destroy());
    await this.closed;
    clearTimeout(timer);
  }

  /**
   * After the handshake of TLS 1.3 come session tickets. A server that writes with Nagle's algorithm, as Prosody
   * does, holds its features back until each is acknowledged, which TCP does 40 ms later, or with this
   * keepalive (RFC 6120 §4.6.1). Not once there are features: the login has no room for one (§6.3.5).
   */
  #acknowledgeTickets(entity: Entity): void {
    let waiting = true;
    entity.once('element', () => {
      waiting = false;
    });
    // Not at once: OpenSSL is still reading the ticket.
    this.#socket.on('session', () => setImmediate(() => waiting && this.#socket.write(' ')));
  }

  #writeRecord(): void {
    const record = takeRecord(this.#unsent);
    this.#socket.write(record.map(({ text }) => text).join(''), (error) => {
      for (const { settle } of record) settle(error);
      this.#writing = this.#unsent.length > 0;
      if (this.#writing) this.#writeRecord();
    });
  }

  #receive(element: Element): void {
    if (this.#consumer) this.#consumer(element);
    else this.#backlog.push(element);
  }

  #startLibrary(options: LoginOptions, onFeatures: (features: Element) => void): Entity {
    const names = mechanisms(options.allowPlain);
    const speakers = new Map(names.map((name) => [name, createMechanism(name, options)]));
    let proof = '';
    let authenticated = false;
    const entity = client({
      domain: options.domain,
      username: options.username,
      credentials: async (run, [name = '']) => {
        await run(options, name);
        speakers.get(name)?.succeed(proof);
        authenticated = true;
      },
    });
    entity.reconnect.stop();
    // Its two seconds are too short for some links, and go on where the server has answered before our header was
    // reported to be written. How long a login may take is for who asked for it.
    entity.timeout = 0;
    const parser = parserFor((head) => this.#itemReader?.(head));
    entity.transports = [transport(entity, this.#socket, parser)];
    entity.saslFactory._mechs = names.map((name) => ({
      name,
      mech: returning(speakers.get(name)),
    }));
    const toLibrary = entity._onElement.bind(entity);
    let featured = false;
    entity._onElement = (element: Element) => {
      if (element.is('error', NS_STREAMS)) return this.fail(new StreamError(element));
      if (featured) return this.#receive(element);
      if (authenticated) {
        if (!element.is('features', NS_STREAMS)) throw tooEarly(element);
        featured = true;
        return onFeatures(element);
      }
      if (element.is('success', NS_SASL)) proof = decodeBinary(element.getText());
      return toLibrary(beforeLogin(element, names));
    };
    return entity;
  }
}

/** Removes as much from the front as one record takes, and at least one text. */
function takeRecord(unsent: Unsent[]): Unsent[] {
  let size = 0;
  const end = unsent.findIndex(({ text }, index) => {
    size += Buffer.byteLength(text);
    return index > 0 && size > MAX_RECORD_BYTES;
  });
  return unsent.splice(0, end < 0 ? unsent.length : end);
}

/** What the library may see before the login: the SASL offer, the SASL exchange. Throws `ServerNotTrusted`. */
function beforeLogin(element: Element, names: string[]): Element {
  if (element.getNS() === NS_SASL) return element;
  const offer = element.is('features', NS_STREAMS) && element.getChild('mechanisms', NS_SASL);
  if (!offer) throw tooEarly(element);
  const offered = offer.getChildren('mechanism').map((mechanism) => mechanism.getText());
  if (!offered.some((name) => names.includes(name))) {
    const plain = offered.includes('PLAIN') ? '; --allow-plain would show it the password' : '';
    throw new ServerNotTrusted(
      `the server offers no login that keeps the password secret (${offered.join(', ')})${plain}`,
    );
  }
  element.children.splice(0, element.children.length, offer);
  return element;
}

const tooEarly = ({ name }: Element) =>
  new ServerNotTrusted(`the server sent <${name}/> before the login was done`);

/** Our parser, as the library makes one for each of the streams of a login. */
const parserFor = (readerOf: (head: Element) => ItemReader | undefined) =>
  class extends StreamParser {
    constructor() {
      super(readerOf);
    }
  };

/** The library's own TLS transport, on the connection that we have made and with our parser. */
function transport(
  entity: Entity,
  socket: TLSSocket,
  parser: typeof StreamParser,
): typeof Transport {
  const [base] = entity.transports.filter(({ prototype }) =>
    prototype.socketParameters('xmpps://localhost'),
  );
  if (!base) throw new Error('@xmpp/client has no TLS transport');
  const ours = class extends base {};
  Object.assign(ours.prototype, {
    socketParameters: () => socket,
    Socket: SocketAdapter,
    Parser: parser,
  });
  return ours;
}

/** A constructor, as the library wants one, that gives what is there already. */
function returning(value: object | undefined): new () => object {
  return function give() {
    return value;
  } as unknown as new () => object;
}

/** Base64 to a binary string, as the library hands over challenges. */
const decodeBinary = (text: string) => Buffer.from(text, 'base64').toString('latin1');

function asLoginError(error: Error & { condition?: string }): Error {
  if (error instanceof ServerNotTrusted) return error;
  if (error.name === 'SASLError' && error.condition !== 'temporary-auth-failure') {
    return new NotAuthorized(`the server refused the login (${error.message})`, { cause: error });
  }
  return new ConnectionFailed(`the login was cut short (${error.message})`, { cause: error });
}
