import { setMaxListeners } from 'node:events';
import { orAborted } from './aborted.js';
import type { StanzaTransport } from './connection/stanza-transport.js';
import { reasonOf } from './dial/network-reason.js';
import { checkFunction, reporter, tell } from './given/callbacks.js';
import { checkedCall } from './given/given-call.js';
import { bareJid, isJid } from './jid.js';
import { hasLongId, type IncomingRequestOptions, RequestHandlers } from './request-handlers.js';
import { isReply, Requests } from './requests.js';
import type {
  IqHandler,
  RequestOptions,
  Session,
  SessionState,
  StanzaListener,
} from './session.js';
import type { ItemReader } from './stream/parser.js';
import { UnsendableStanza } from './stream/serialize.js';
import { type Element, xml } from './xml.js';

/** The session is over: the connection broke, the server ended it, or it was closed. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

export interface StanzaSessionOptions extends IncomingRequestOptions {
  /** See `Session`. */
  maxStanzaBytes?: number | undefined;
}

/** The session over any transport of stanzas: matches replies, routes requests, tells listeners. */
export class StanzaSession implements Session {
  readonly #transport: StanzaTransport;
  readonly #options: StanzaSessionOptions;
  readonly report: (error: Error) => void;
  readonly #requests: Requests;
  readonly #handlers: RequestHandlers;
  readonly #listeners = {
    message: new Set<StanzaListener>(),
    presence: new Set<StanzaListener>(),
  };
  #state: SessionState = 'online';
  readonly #stateListeners = new Set<(state: SessionState) => void>();
  readonly #ended = new AbortController();

  constructor(
    readonly jid: string,
    transport: StanzaTransport,
    options: StanzaSessionOptions = {},
  ) {
    this.#transport = transport;
    this.#options = options;
    this.#requests = new Requests(jid);
    const wire = {
      write: (stanza: Element) => this.#write(stanza),
      isBehind: (to: string) => transport.isBehind?.(to) ?? false,
    };
    this.report = reporter(options.onError);
    this.#handlers = new RequestHandlers(jid, wire, { ...options, onError: this.report });
    // Each transfer listens for the end, and Node would warn of more than ten.
    setMaxListeners(0, this.#ended.signal);
  }

  get maxStanzaBytes(): number | undefined {
    return this.#options.maxStanzaBytes;
  }

  get state(): SessionState {
    return this.#state;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  async request(
    type: 'get' | 'set',
    to: string | undefined,
    payload: Element,
    options: RequestOptions = {},
  ): Promise<Element> {
    if (type !== 'get' && type !== 'set') throw new TypeError('a request is a get or a set');
    this.#ended.signal.throwIfAborted();
    const asked = checkedCall(options);
    asked.signal?.throwIfAborted();
    const { id, reply } = this.#requests.register(to, asked);
    this.#write(xml('iq', { type, to, id }, payload)).catch((error) =>
      this.#requests.fail(id, error),
    );
    return reply;
  }

  handle(type: 'get' | 'set', xmlns: string, name: string, handler: IqHandler): () => void {
    return this.#handlers.add(type, xmlns, name, handler);
  }

  async send(stanza: Element): Promise<void> {
    this.#ended.signal.throwIfAborted();
    await this.#write(stanza);
  }

  sync(): Promise<void> {
    return orAborted(Promise.resolve(this.#transport.sync?.()), this.#ended.signal);
  }

  onMessage(listener: StanzaListener): () => void {
    return added(this.#listeners.message, listener);
  }

  onPresence(listener: StanzaListener): () => void {
    return added(this.#listeners.presence, listener);
  }

  onState(listener: (state: SessionState) => void): () => void {
    return added(this.#stateListeners, listener);
  }

  async close(): Promise<void> {
    this.end(new ConnectionLost('the session was closed'));
    await this.#transport.close();
  }

  /** Ends the session: every pending request fails with `error`. Only the first call counts. */
  end(error: Error): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(error);
    this.#requests.failAll(error);
    this.#enter('offline');
  }

  /** The connection is cut; the transport keeps what is sent until `resume`. */
  suspend(): void {
    this.#requests.hold();
    this.#enter('resuming');
  }

  resume(): void {
    this.#requests.release();
    this.#enter('online');
  }

  #enter(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#stateListeners) tell(() => listener(state), this.report);
  }

  /** Takes a stanza off the wire. Never throws. */
  receive(stanza: Element): void {
    const from = this.#sender(stanza);
    if (from === undefined || this.#ended.signal.aborted) return;
    if (!isReply(stanza) && (hasLongId(stanza) || this.#transport.isFull?.(from))) return;
    if (stanza.name === 'message' || stanza.name === 'presence') {
      for (const listener of this.#listeners[stanza.name])
        tell(() => listener(stanza), this.report);
    } else if (stanza.name !== 'iq') {
      return;
    } else if (isReply(stanza)) {
      this.#requests.receive(stanza);
    } else if (stanza.attrs.id) {
      void this.#handlers.answer(stanza, from, stanza.attrs.id);
    }
  }

  /** The reader of the items of this stanza as they come, found by its attributes. */
  itemReader(head: Element): ItemReader | undefined {
    const read = this.#requests.itemReader(head);
    return read && ((item) => tell(() => read(item), this.report));
  }

  /** The sender's address; `undefined` where the address is malformed, which no server lets through. */
  #sender(stanza: Element): string | undefined {
    const { from } = stanza.attrs;
    if (from === undefined) return bareJid(this.jid);
    return isJid(from) ? from : undefined;
  }

  async #write(stanza: Element): Promise<void> {
    try {
      await this.#transport.write(stanza);
    } catch (cause) {
      if (cause instanceof UnsendableStanza) throw cause;
      // The error that ended the session says more than that nothing can be written.
      this.#ended.signal.throwIfAborted();
      throw new ConnectionLost(`the connection was lost (${reasonOf(cause as Error)})`, { cause });
    }
  }
}

function added<T>(set: Set<T>, item: T): () => void {
  checkFunction(item, 'a listener');
  set.add(item);
  return () => set.delete(item);
}
