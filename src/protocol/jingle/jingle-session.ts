import { setMaxListeners } from 'node:events';
import { RequestTimeout } from '../../session/requests.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';
import { Replacement } from './replacement.js';
import {
  type Action,
  type Content,
  content,
  type Jingle,
  jingle,
  outOfOrder,
  type Reason,
  type Role,
  reason,
  refusedTransport,
  tieBreak,
  unsupportedInfo,
} from './stanzas.js';

/** The session is over; `success` is an end, too. */
export class JingleEnded extends Error {
  override readonly name = 'JingleEnded';
  constructor(
    readonly reason: Reason,
    /** We have ended it ourselves. */
    readonly byUs: boolean,
  ) {
    super(reason.text ? `${reason.condition}: ${reason.text}` : reason.condition);
  }
}

/** What an application does with the actions of its peer. Throws `StanzaError` to refuse one. */
export interface JingleHandlers {
  /** Our offer was accepted, with this content. Initiators only. */
  accepted?(content: Content): void;
  /** §6.9 */
  informed?(info: Element): void;
  /** What a `transport-info` says. Absent where nobody takes any. */
  transportInformed?(transport: Element): void;
  /**
   * The peer wants another transport (§7.2.15). Returns what sends the `transport-accept`, which is done when the peer
   * has heard that it was understood; nothing where it is refused.
   */
  replaced?(transport: Element): (() => Promise<void>) | undefined;
}

const CANCEL: Reason = { condition: 'cancel' };

/** How peers say that they know the session no more, and servers that nobody is there. */
const GONE = new Set([
  'gone',
  'item-not-found',
  'recipient-unavailable',
  'remote-server-not-found',
  'remote-server-timeout',
  'service-unavailable',
]);

/** A Jingle session (XEP-0166) of one content; the application sets its `handlers`. */
export class JingleSession {
  handlers: JingleHandlers = {};
  readonly #session: Session;
  readonly #ended = new AbortController();
  #state: 'pending' | 'active' = 'pending';
  /** Ours, which the peer has not answered. */
  #replacement: Replacement | undefined;

  constructor(
    session: Session,
    /** The other party's full JID. */
    readonly peer: string,
    readonly sid: string,
    readonly role: Role,
    /** As the initiator made it. */
    readonly content: Content,
  ) {
    this.#session = session;
    setMaxListeners(0, this.#ended.signal); // the requests under way, and who waits for the end
  }

  /** Aborted when the session is over; the reason is a `JingleEnded`, or what the connection ended with. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** The peer has ended it and is content. */
  get succeeded(): boolean {
    const { reason } = this.ended;
    return reason instanceof JingleEnded && !reason.byUs && reason.reason.condition === 'success';
  }

  get isPending(): boolean {
    return this.#state === 'pending' && !this.ended.aborted;
  }

  /**
   * Offers the content by this transport; resolves when the peer has acknowledged that, and may think. Rejects as
   * `request` does.
   */
  async initiate(transport: Element): Promise<void> {
    const { description } = this.content;
    try {
      await this.send('session-initiate', ...(description ? [description] : []), transport);
    } catch (error) {
      // Where nobody has answered it may have arrived.
      if (error instanceof StanzaError) this.end(error);
      else void this.terminate({ condition: 'cancel' });
      throw error;
    }
  }

  /**
   * §6.9: asks whether the session is there still, with an empty `session-info`; it ends if not. A peer that does
   * not answer is let be. Resolves to whether it has answered, or somebody in its place.
   */
  async ping(): Promise<boolean> {
    try {
      await this.#request('session-info');
    } catch (error) {
      if (error instanceof RequestTimeout) return false;
      if (!(error instanceof StanzaError && GONE.has(error.condition))) return true;
      this.end(new JingleEnded({ condition: 'gone', text: error.message }, false));
    }
    return true;
  }

  /** Sends an action about the content. Rejects as `request` does. */
  async send(action: Action, ...children: Element[]): Promise<void> {
    if (action === 'session-accept') this.#state = 'active';
    await this.#request(action, content(this.content, ...children));
  }

  /**
   * Proposes another transport (§7.2.15); `agree` takes the peer's answer, and throws `StanzaError` where that does not
   * fit. Resolves to whether it was agreed on: not where the peer does not want it, overrules it by a proposal of its
   * own, or has not answered when the signal is aborted. Rejects as `request` does.
   */
  async replaceTransport(
    transport: Element,
    agree: (transport: Element) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (this.#replacement) throw new Error('a transport is proposed already');
    const replacement = new Replacement(agree);
    const giveUp = () => replacement.refuse();
    const until = AbortSignal.any([signal, this.ended]);
    until.addEventListener('abort', giveUp);
    this.#replacement = replacement;
    try {
      this.send('transport-replace', transport).catch((error) => replacement.fail(error));
      return await replacement.answered;
    } finally {
      until.removeEventListener('abort', giveUp);
      if (this.#replacement === replacement) this.#replacement = undefined;
    }
  }

  /** Sends a `session-info`. Rejects as `request` does. */
  async inform(info: Element): Promise<void> {
    await this.#request('session-info', info);
  }

  /** Ends the session, here with this error, and tells the peer unless it knows. Always resolves. */
  async terminate(why: Reason, error: Error = new JingleEnded(why, true)): Promise<void> {
    if (this.ended.aborted) return;
    this.end(error);
    // A peer that is gone, or ended it at the same moment, has nothing to add.
    const farewell = jingle('session-terminate', this.sid, {}, reason(why));
    await this.#session.request('set', this.peer, farewell).catch(() => undefined);
  }

  /** Ends it without a word to the peer. Only the first end counts. */
  end(error: Error): void {
    this.#ended.abort(error);
  }

  /** Takes an action of the peer's, after `session-initiate`. Throws `StanzaError`. */
  receive(jingle: Jingle): void {
    const { action } = jingle;
    if (action === 'session-terminate') return this.#terminated(jingle);
    if (action === 'session-accept') return this.#accepted(jingle);
    if (action === 'session-info') return this.#informed(jingle);
    if (action === 'transport-replace') return this.#replaced(jingle);
    if (action === 'transport-accept') return this.#replacementAccepted(jingle);
    if (action === 'transport-reject') return this.#replacementRejected();
    if (action === 'transport-info') return this.#transportInformed(jingle);
    if (action === 'content-add') return this.#refuseContents(jingle);
    if (action === 'content-remove') return this.#removed(jingle);
    if (action.endsWith('-info') || action === 'content-modify') throw unsupportedInfo();
    // Answers to what was never sent; and an initiate for what is there already.
    throw outOfOrder();
  }

  #terminated({ reason }: Jingle): void {
    this.end(new JingleEnded(reason ?? { condition: 'general-error' }, false));
  }

  #accepted({ contents }: Jingle): void {
    if (this.role !== 'initiator' || !this.isPending) throw outOfOrder();
    try {
      const [accepted, ...others] = contents;
      if (!accepted || others.length > 0 || accepted.name !== this.content.name) {
        throw new StanzaError('modify', 'bad-request', 'accept what was offered');
      }
      this.handlers.accepted?.(accepted);
    } catch (error) {
      this.misunderstood('session-accept', error as Error);
      throw error;
    }
    this.#state = 'active';
  }

  /** No peer answers an offer twice: after an answer that cannot be read nothing is to be waited for. */
  misunderstood(action: unknown, { message }: Error): void {
    if (action !== 'session-accept' || this.role !== 'initiator' || !this.isPending) return;
    const text = `the answer does not fit the offer: ${message}`;
    this.#later(() => this.terminate({ condition: 'failed-application', text }));
  }

  #informed({ info }: Jingle): void {
    if (!info) return; // a ping
    if (!this.handlers.informed) throw unsupportedInfo();
    this.handlers.informed(info);
  }

  #transportInformed({ contents }: Jingle): void {
    const transport = contents[0]?.transport;
    if (!transport || !this.handlers.transportInformed) throw unsupportedInfo();
    this.handlers.transportInformed(transport);
  }

  /** §7.2.16: of two proposals that cross each other the initiator's counts. */
  #replaced({ contents }: Jingle): void {
    if (this.#replacement && this.role === 'initiator') throw tieBreak();
    const transport = contents[0]?.transport;
    if (!transport) throw new StanzaError('modify', 'bad-request', 'replace it by what?');
    const accept = this.handlers.replaced?.(transport);
    this.#replacement?.refuse();
    this.#replacement = undefined;
    this.#later(accept ?? (() => this.send('transport-reject', refusedTransport(transport))));
  }

  #replacementAccepted({ contents }: Jingle): void {
    if (!this.#replacement) throw outOfOrder();
    const transport = contents[0]?.transport;
    if (!transport) throw new StanzaError('modify', 'bad-request', 'accept what?');
    this.#replacement.accept(transport);
    this.#replacement = undefined;
  }

  #replacementRejected(): void {
    if (!this.#replacement) throw outOfOrder();
    this.#replacement.refuse();
    this.#replacement = undefined;
  }

  /** One content is all that a session has here. */
  #refuseContents({ contents, sid }: Jingle): void {
    this.#later(async () => {
      const refused = contents.map((added) => content(added));
      await this.#session.request('set', this.peer, jingle('content-reject', sid, {}, ...refused));
    });
  }

  /** §7.2.5: a session without contents is void. Psi tells so that a hash is wrong, and why is the peer's. */
  #removed({ reason = CANCEL }: Jingle): void {
    // Nobody ends a transfer well in this way.
    const why = reason.condition === 'success' ? CANCEL : reason;
    this.#later(() => this.terminate(CANCEL, new JingleEnded(why, false)));
  }

  /** After the peer's action has been acknowledged. What becomes of it shows in what the peer does next. */
  #later(act: () => Promise<void>): void {
    setImmediate(() => act().catch(() => undefined));
  }

  /** Nobody waits for answers when the session is over. */
  async #request(action: Action, ...children: Element[]): Promise<void> {
    const attrs = {
      ...(action === 'session-initiate' ? { initiator: this.#session.jid } : {}),
      ...(action === 'session-accept' ? { responder: this.#session.jid } : {}),
    };
    const element = jingle(action, this.sid, attrs, ...children);
    await this.#session.request('set', this.peer, element, { signal: this.ended });
  }
}
