import type { TLSSocket } from 'node:tls';
import { client, type Entity, type Transport } from '@xmpp/client';
import { ConnectionFailed, ServerNotTrusted } from './dial.js';
import { StreamParser } from './parser.js';
import { type Credentials, createMechanism, mechanisms, NotAuthorized } from './sasl.js';
import { SocketAdapter } from './socket-adapter.js';
import type { Element } from './xml.js';

const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const NS_STREAMS = 'http://etherx.jabber.org/streams';

/** How long the server may take to close its side; after that the connection is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

/** The server ended the stream (RFC 6120 §4.9). */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly condition: string;

  constructor(element: Element) {
    const [first] = element.getChildElements();
    const condition = first?.getName() ?? 'undefined-condition';
    const text = element.getChild('text')?.getText();
    super(`the server ended the stream: ${condition}${text ? ` (${text})` : ''}`);
    this.condition = condition;
  }
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
  #backlog: Element[] = [];
  #unsent: string[] = [];
  #flush: Promise<void> | undefined;

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
        .then(() => entity.open({ domain: options.domain }))
        .catch(fail);
    });
  }

  /** Hands over every element after the features; without a consumer they are kept for the next one. */
  consume(consumer: ((element: Element) => void) | undefined): void {
    this.#consumer = consumer;
    while (this.#consumer && this.#backlog.length > 0) {
      this.#consumer(this.#backlog.shift() as Element);
    }
  }

  /** Writes raw XML; resolves when it is handed to the network. What is written in one turn goes out as one. */
  write(text: string): Promise<void> {
    this.#unsent.push(text);
    this.#flush ??= new Promise((resolve, reject) => {
      process.nextTick(() => {
        const batch = this.#unsent.join('');
        this.#unsent = [];
        this.#flush = undefined;
        this.#socket.write(batch, (error) => (error ? reject(error) : resolve()));
      });
    });
    return this.#flush;
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
    entity.transports = [transport(entity, this.#socket)];
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

/** The library's own TLS transport, on the connection that we have made and with our parser. */
function transport(entity: Entity, socket: TLSSocket): typeof Transport {
  const [base] = entity.transports.filter(({ prototype }) =>
    prototype.socketParameters('xmpps://localhost'),
  );
  if (!base) throw new Error('@xmpp/client has no TLS transport');
  const ours = class extends base {};
  Object.assign(ours.prototype, {
    socketParameters: () => socket,
    Socket: SocketAdapter,
    Parser: StreamParser,
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
    return new NotAuthorized(
      `the server refused the login (${error.message}); check the account and its password`,
      { cause: error },
    );
  }
  return new ConnectionFailed(`the login was cut short (${error.message})`, { cause: error });
}
