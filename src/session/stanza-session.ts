import { setMaxListeners } from 'node:events';
import { bareJid, isJid } from './jid.js';
import { Requests } from './requests.js';
import type {
  IqContext,
  IqHandler,
  RequestOptions,
  Session,
  SessionState,
  StanzaListener,
} from './session.js';
import { StanzaError } from './stanza-error.js';
import type { ItemReader } from './stream/parser.js';
import { UnsendableStanza } from './stream/serialize.js';
import { type Element, xml } from './xml.js';

/** The session is over: the connection broke, the server ended it, or it was closed. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** What carries the stanzas of a session. */
export interface StanzaTransport {
  /** Resolves when the stanza is handed to the network. Rejects with `UnsendableStanza` where it cannot be. */
  write(stanza: Element): Promise<void>;
  /** See `Session`; without it nothing is known of what becomes of a stanza. */
  sync?(): Promise<void>;
  close(): Promise<void>;
}

export interface StanzaSessionOptions {
  /** See `Session`. */
  maxStanzaBytes?: number | undefined;
  /** Who may send us requests, by the sender's full JID; anyone else finds nobody there. Default: anyone. */
  admit?: ((from: string) => boolean) | undefined;
  /**
   * Whether one who asks for what is not here, or is not let in, is told so once more; RFC 6120 §8.2.3 wants an
   * answer to each, and who floods us could have us send nothing else. Default: always.
   */
  mayRefuse?: ((from: string) => boolean) | undefined;
  /** Told of errors that a handler or listener threw beside `StanzaError`. */
  onError?: ((error: Error) => void) | undefined;
}

/** The session over any transport of stanzas: matches replies, routes requests, tells listeners. */
export class StanzaSession implements Session {
  readonly #transport: StanzaTransport;
  readonly #options: StanzaSessionOptions;
  readonly #requests: Requests;
  readonly #handlers = new Map<string, IqHandler>();
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
    // As many wait for the end as there are transfers.
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
    options?: RequestOptions,
  ): Promise<Element> {
    this.#ended.signal.throwIfAborted();
    options?.signal?.throwIfAborted();
    const { id, reply } = this.#requests.register(to, options);
    this.#write(xml('iq', { type, to, id }, payload)).catch((error) =>
      this.#requests.fail(id, error),
    );
    return reply;
  }

  handle(type: 'get' | 'set', xmlns: string, name: string, handler: IqHandler): () => void {
    const key = handlerKey(type, xmlns, name);
    if (this.#handlers.has(key)) throw new Error(`a handler for ${key} is there already`);
    this.#handlers.set(key, handler);
    return () => this.#handlers.delete(key);
  }

  async send(stanza: Element): Promise<void> {
    this.#ended.signal.throwIfAborted();
    await this.#write(stanza);
  }

  sync(): Promise<void> {
    const { signal } = this.#ended;
    return new Promise((resolve, reject) => {
      const end = () => reject(signal.reason);
      if (signal.aborted) end();
      signal.addEventListener('abort', end);
      const settled = Promise.resolve(this.#transport.sync?.()).then(resolve, reject);
      void settled.finally(() => signal.removeEventListener('abort', end));
    });
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
    for (const listener of this.#stateListeners) this.#guard(() => listener(state));
  }

  /** Takes a stanza off the wire. Never throws. */
  receive(stanza: Element): void {
    const from = this.#sender(stanza);
    if (from === undefined || this.#ended.signal.aborted) return;
    if (stanza.name === 'message' || stanza.name === 'presence') {
      for (const listener of this.#listeners[stanza.name]) this.#guard(() => listener(stanza));
    } else if (stanza.name !== 'iq') {
      return;
    } else if (stanza.attrs.type === 'result' || stanza.attrs.type === 'error') {
      this.#requests.receive(stanza);
    } else if (stanza.attrs.id) {
      void this.#answer(stanza, from, stanza.attrs.id);
    }
  }

  /** Who reads the items of this stanza as they come, by its attributes. */
  itemReader(head: Element): ItemReader | undefined {
    const read = this.#requests.itemReader(head);
    return read && ((item) => this.#guard(() => read(item)));
  }

  /** Who sent it; `undefined` where the address is malformed, which no server lets through. */
  #sender(stanza: Element): string | undefined {
    const { from } = stanza.attrs;
    if (from === undefined) return bareJid(this.jid);
    return isJid(from) ? from : undefined;
  }

  /** Never echoes the request, but for its id: the answer to a large stanza stays small. */
  async #answer(stanza: Element, from: string, id: string): Promise<void> {
    const handler = this.#findHandler(stanza, from);
    if (!handler && this.#options.mayRefuse?.(from) === false) return;
    let type = 'result';
    let payload: Element | undefined;
    try {
      payload = await this.#handle(stanza, handler, { from, id });
    } catch (error) {
      type = 'error';
      payload = this.#asStanzaError(error as Error).toElement();
    }
    const attrs = { to: stanza.attrs.from, id };
    await this.#write(xml('iq', { type, ...attrs }, payload)).catch((error) =>
      this.#answerLess(attrs, error),
    );
  }

  /** An answer that cannot be sent makes room for one that says so; an id of such a length has none. */
  async #answerLess(attrs: { to: string | undefined; id: string }, error: Error): Promise<void> {
    // Otherwise the connection is gone, and the session ends with its error.
    if (!(error instanceof UnsendableStanza)) return;
    const payload = INTERNAL_ERROR.toElement();
    await this.#write(xml('iq', { type: 'error', ...attrs }, payload)).then(
      () => this.#options.onError?.(error),
      () => undefined,
    );
  }

  /** Who answers such requests, if the sender may have an answer. */
  #findHandler(stanza: Element, from: string): IqHandler | undefined {
    const [payload] = stanza.getChildElements();
    if (!payload || !this.#admits(from)) return undefined;
    const type = stanza.attrs.type ?? '';
    return this.#handlers.get(handlerKey(type, payload.getNS() ?? '', payload.getName()));
  }

  #handle(
    stanza: Element,
    handler: IqHandler | undefined,
    context: IqContext,
  ): ReturnType<IqHandler> {
    const [payload, ...others] = stanza.getChildElements();
    if (!handler || !payload) throw new StanzaError('cancel', 'service-unavailable');
    if (others.length > 0) throw new StanzaError('modify', 'bad-request');
    return handler(payload, context);
  }

  /** The own account is always let in: its server speaks in its name. */
  #admits(from: string): boolean {
    const { admit } = this.#options;
    return !admit || from === bareJid(this.jid) || admit(from);
  }

  #asStanzaError(error: Error): StanzaError {
    if (error instanceof StanzaError) return error;
    this.#options.onError?.(error);
    return INTERNAL_ERROR;
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.onError?.(error as Error);
    }
  }

  async #write(stanza: Element): Promise<void> {
    try {
      await this.#transport.write(stanza);
    } catch (cause) {
      if (cause instanceof UnsendableStanza) throw cause;
      // What ended the session says more than that it cannot be written to.
      this.#ended.signal.throwIfAborted();
      throw new ConnectionLost(`the connection was lost (${(cause as Error).message})`, { cause });
    }
  }
}

const INTERNAL_ERROR = new StanzaError('cancel', 'internal-server-error');

const handlerKey = (type: string, xmlns: string, name: string) => `${type} ${xmlns} ${name}`;

function added<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => set.delete(item);
}
