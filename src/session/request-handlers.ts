import { checkFunction, decided, tell } from './given/callbacks.js';
import type { ConnectOptions } from './given/connect-options.js';
import { bareJid } from './jid.js';
import type { IqContext, IqHandler } from './session.js';
import { StanzaError } from './stanza-error.js';
import { UnsendableStanza } from './stream/serialize.js';
import { type Element, xml } from './xml.js';

/** Which requests of others are answered, and how; and what is told of those that went wrong. */
export type IncomingRequestOptions = Pick<
  ConnectOptions,
  'admit' | 'mayRefuse' | 'onError' | 'onUnsendable'
>;

interface RequestHandlersOptions extends IncomingRequestOptions {
  /** Never throws. */
  onError: (error: Error) => void;
}

/** See `StanzaTransport`. */
interface Wire {
  write(stanza: Element): Promise<void>;
  isBehind(to: string): boolean;
}

interface ReplyTo {
  to: string | undefined;
  id: string;
}

/** RFC 6120 §8.3.3.18. */
const ASK_LATER = new StanzaError('wait', 'resource-constraint', 'too much waits to be sent');
/** Ours; XMPP sets none. */
const MAX_ID_BYTES = 1_024;
const INTERNAL_ERROR = new StanzaError('cancel', 'internal-server-error');

/** Answers requests, each by the handler of its kind. */
export class RequestHandlers {
  readonly #ownBare: string;
  readonly #wire: Wire;
  readonly #options: RequestHandlersOptions;
  readonly #handlers = new Map<string, IqHandler>();

  constructor(ownJid: string, wire: Wire, options: RequestHandlersOptions) {
    this.#ownBare = bareJid(ownJid);
    this.#wire = wire;
    this.#options = options;
  }

  /** See `Session.handle`. */
  add(type: 'get' | 'set', xmlns: string, name: string, handler: IqHandler): () => void {
    checkFunction(handler, 'a handler');
    const kind = kindOf(type, xmlns, name);
    if (this.#handlers.has(kind)) throw new Error(`a handler for ${kind} is there already`);
    this.#handlers.set(kind, handler);
    return () => this.#handlers.delete(kind);
  }

  /**
   * Takes an iq of type get or set. The answer has nothing of the request but its id, so that the answer to a large
   * stanza stays small. Never rejects.
   */
  async answer(stanza: Element, from: string, id: string): Promise<void> {
    const handler = this.#find(stanza, from);
    if (!handler && !this.#mayRefuse(from, id.length)) return;
    let type = 'result';
    let payload: Element | undefined;
    let tellAnswered: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      tellAnswered = resolve;
    });
    try {
      payload = await this.#handle(stanza, handler, { from, id, answered });
      // A `get` changes nothing, and can be asked again.
      if (stanza.attrs.type === 'get' && payload !== undefined && this.#wire.isBehind(from))
        throw ASK_LATER;
    } catch (error) {
      type = 'error';
      payload = this.#asStanzaError(error as Error).toElement();
    }
    this.#reply(type, { to: stanza.attrs.from, id }, payload);
    tellAnswered();
  }

  /** Waits for nothing, so that the request is not kept until its answer has gone. */
  #reply(type: string, attrs: ReplyTo, payload: Element | undefined): void {
    this.#wire
      .write(xml('iq', { type, ...attrs }, payload))
      .catch((error) => this.#answerLess(attrs, error));
  }

  /** Sends an error in place of an answer that is too large. With a very long id not even the error fits. */
  async #answerLess(attrs: ReplyTo, error: Error): Promise<void> {
    // Otherwise the connection is gone, and the session ends with its error.
    if (!(error instanceof UnsendableStanza)) return;
    const payload = INTERNAL_ERROR.toElement();
    await this.#wire.write(xml('iq', { type: 'error', ...attrs }, payload)).then(
      () => this.#tellUnsendable(attrs.to ?? this.#ownBare, error),
      () => undefined,
    );
  }

  /** The handler of such requests, if the sender may have an answer. */
  #find(stanza: Element, from: string): IqHandler | undefined {
    const [payload] = stanza.getChildElements();
    if (!payload || !this.#admits(from, payload)) return undefined;
    const type = stanza.attrs.type ?? '';
    return this.#handlers.get(kindOf(type, payload.getNS() ?? '', payload.getName()));
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

  #tellUnsendable(to: string, error: UnsendableStanza): void {
    const { onUnsendable, onError } = this.#options;
    tell(() => onUnsendable?.(to, error), onError);
  }

  /** The own account is always let in: its server speaks in its name. */
  #admits(from: string, request: Element): boolean {
    const { admit } = this.#options;
    return from === this.#ownBare || !admit || this.#allows('admit', () => admit(from, request));
  }

  #mayRefuse(from: string, characters: number): boolean {
    const { mayRefuse } = this.#options;
    return !mayRefuse || this.#allows('mayRefuse', () => mayRefuse(from, characters));
  }

  /** What cannot decide allows nothing. */
  #allows(name: string, ask: () => unknown): boolean {
    try {
      return decided(ask(), name);
    } catch (error) {
      this.#options.onError(error as Error);
      return false;
    }
  }

  #asStanzaError(error: Error): StanzaError {
    if (error instanceof StanzaError) return error;
    this.#options.onError(error);
    return INTERNAL_ERROR;
  }
}

/**
 * An id goes back with the answer, and RFC 6120 §8.2.3 knows no answer without it or with another one: so what has a
 * longer one is dropped, of whoever it is. To the server it counts as handled.
 */
export const hasLongId = ({ attrs: { id = '' } }: Element): boolean =>
  id.length > MAX_ID_BYTES || Buffer.byteLength(id) > MAX_ID_BYTES;

const kindOf = (type: string, xmlns: string, name: string) => `${type} ${xmlns} ${name}`;
