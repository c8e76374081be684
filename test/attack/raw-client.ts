import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { TestServer } from '../support/servers/server.js';
import { StanzaScanner } from '../support/servers/stanza-scanner.js';

/** An answer to what costs a server seconds of its work, on a busy machine; what waits longer waits for nothing. */
export const PATIENCE_MS = 120_000;

const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const NS_BIND = 'urn:ietf:params:xml:ns:xmpp-bind';

/** What a stanza says of itself; everything as it stands in the XML. */
export interface Head {
  name: string;
  type: string;
  id: string;
  from: string;
}

/** The XML to answer a request with. */
export type Reply = (request: Head) => string;

const granted: Reply = ({ id, from }) => `<iq type="result" id="${id}" to="${from}"/>`;

/** A client that writes what it is told, and answers each request that comes with an empty result. */
export class RawClient {
  reply = granted;
  readonly #socket: TLSSocket;
  readonly #scanner = new StanzaScanner();
  /** By the start of what is waited for. */
  readonly #waiting = new Map<string, (text: string) => void>();
  readonly #ended = new AbortController();
  #asked = 0;

  /** Logs in by TLS and PLAIN. Throws what the server refuses. */
  static async logIn(server: TestServer, name: string, resource: string): Promise<RawClient> {
    const { hostname: host, port } = new URL(server.directTlsService);
    const socket = connect({ host, port: Number(port), ca: server.ca, servername: server.domain });
    await once(socket, 'secureConnect');
    const client = new RawClient(socket);
    const { password } = server.account(name);
    const plain = Buffer.from(`\0${name}\0${password}`).toString('base64');
    await client.#begin(server.domain);
    const success = client.#next('<success');
    client.write(`<auth xmlns="${NS_SASL}" mechanism="PLAIN">${plain}</auth>`);
    await success;
    await client.#begin(server.domain);
    const bind = `<bind xmlns="${NS_BIND}"><resource>${resource}</resource></bind>`;
    await client.ask((id) => `<iq type="set" id="${id}">${bind}</iq>`);
    client.write('<presence><priority>-1</priority></presence>');
    return client;
  }

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const piece of this.#scanner.read(text)) this.#hear(piece.text);
    });
    socket.on('error', (error) => this.#ended.abort(error));
    socket.on('close', () => this.#ended.abort(new Error('the server has closed the connection')));
  }

  /** Whether the connection is there no more, whoever ended it. */
  get hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  write(text: string): void {
    this.#ended.signal.throwIfAborted();
    this.#socket.write(text);
  }

  /** Sends a request with an id of its own; resolves to the answer, an error too. */
  async ask(request: (id: string) => string, patience = PATIENCE_MS): Promise<Head> {
    this.#asked += 1;
    const id = `raw${this.#asked}`;
    const answer = this.#next(id, patience);
    this.write(request(id));
    return headOf(await answer);
  }

  /** What both daemons answer, and those who are let in get a result. Nothing is read before what came before it. */
  ping(to: string, patience = PATIENCE_MS): Promise<Head> {
    const query = '<query xmlns="http://jabber.org/protocol/disco#info"/>';
    return this.ask((id) => `<iq type="get" id="${id}" to="${to}">${query}</iq>`, patience);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #begin(domain: string): Promise<void> {
    const features = this.#next('<stream:features');
    this.write(
      `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0" to="${domain}">`,
    );
    await features;
  }

  /** Waits for a piece of the stream that begins so, or for the answer of this id. */
  #next(key: string, patience = PATIENCE_MS): Promise<string> {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(patience)]);
    return new Promise((resolve, reject) => {
      this.#waiting.set(key, resolve);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  }

  #hear(text: string): void {
    const head = headOf(text);
    if (text.startsWith('<stream:error'))
      this.#ended.abort(new Error(`the attacker's own: ${text}`));
    const isRequest = head.name === 'iq' && (head.type === 'get' || head.type === 'set');
    if (isRequest) return this.write(this.reply(head));
    const key = this.#waiting.has(head.id) ? head.id : `<${head.name}`;
    this.#waiting.get(key)?.(text);
    this.#waiting.delete(key);
  }
}

function headOf(text: string): Head {
  const tag = text.slice(0, text.indexOf('>'));
  const attribute = (name: string) => new RegExp(` ${name}=(['"])(.*?)\\1`).exec(tag)?.[2] ?? '';
  const [, name = ''] = /^<([^\s/>]+)/.exec(text) ?? [];
  return { name, type: attribute('type'), id: attribute('id'), from: attribute('from') };
}
