import { setMaxListeners } from 'node:events';
import { RequestTimeout } from '../../../session/requests.js';
import type { Session } from '../../../session/session.js';
import { StanzaError } from '../../../session/stanza-error.js';
import type { Element } from '../../../session/xml.js';
import { isForgotten } from '../../conditions.js';
import {
  type Action,
  type Content,
  content,
  type Jingle,
  jingle,
  type Reason,
  type Role,
  reason,
} from '../stanzas.js';
import { type ActingJingleSession, type JingleHandlers, later, takeAction } from './actions.js';
import { JingleEnded } from './jingle-ended.js';
import { Replacement } from './replacement.js';

/** A Jingle session (XEP-0166) of one content; the application sets its `handlers`. */
export class JingleSession implements ActingJingleSession {
  handlers: JingleHandlers = {};
  readonly #session: Session;
  readonly #ended = new AbortController();
  #state: 'pending' | 'active' = 'pending';
  readonly replacement: Replacement;

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
    this.replacement = new Replacement(role);
    setMaxListeners(0, this.#ended.signal); // the requests under way, and who waits for the end
  }

  /** Aborted when the Jingle session is over; the reason is a `JingleEnded`, or what the connection ended with. */
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
   * Offers the content, whose parts are described to begin with; resolves when the peer has acknowledged that, and may think.
   * Rejects as `request` does; what cannot be described, the peer never hears of.
   */
  async initiate(describe: () => Promise<Element[]>): Promise<void> {
    const parts = await describe().catch((error) => {
      this.end(error);
      throw error;
    });
    try {
      await this.send('session-initiate', ...parts);
    } catch (error) {
      // Where nobody has answered it may have arrived.
      if (error instanceof StanzaError) this.end(error);
      else void this.terminate({ condition: 'cancel' });
      throw error;
    }
  }

  /**
   * §6.9: asks whether the Jingle session is there still, with an empty `session-info`; it ends if not. A peer that
   * does not answer is let be. Resolves to whether it has answered, or somebody in its place.
   */
  async ping(): Promise<boolean> {
    try {
      await this.#request('session-info');
    } catch (error) {
      if (error instanceof RequestTimeout) return false;
      if (!isForgotten(error)) return true;
      this.end(new JingleEnded({ condition: 'gone', text: error.message }, false));
    }
    return true;
  }

  /** Sends an action about the content. Rejects as `request` does. */
  async send(action: Action, ...children: Element[]): Promise<void> {
    if (action === 'session-accept') this.activate();
    await this.sendContents(action, [content(this.content, ...children)]);
  }

  /** Sends an action about these contents. Rejects as `request` does. */
  async sendContents(action: Action, contents: Element[]): Promise<void> {
    await this.#request(action, ...contents);
  }

  /**
   * Proposes another transport (§7.2.15); `agree` takes the peer's answer, and throws `StanzaError` where that does not
   * fit. Resolves to whether it was agreed on: not where the peer does not want it, overrules it by a proposal of its
   * own, or has not answered when the signal is aborted. Rejects as `request` does.
   */
  replaceTransport(
    transport: Element,
    agree: (transport: Element) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    const until = AbortSignal.any([signal, this.ended]);
    return this.replacement.propose(() => this.send('transport-replace', transport), agree, until);
  }

  /** Sends a `session-info`. Rejects as `request` does. */
  async inform(info: Element): Promise<void> {
    await this.#request('session-info', info);
  }

  /** Ends the Jingle session, here with this error, and tells the peer unless it knows. Always resolves. */
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

  /** Takes an action of the peer's, after `session-initiate`; `answered`: see `IqContext`. Throws `StanzaError`. */
  receive(jingle: Jingle, answered: Promise<void>): void {
    takeAction(this, jingle, answered);
  }

  activate(): void {
    this.#state = 'active';
  }

  /** No peer answers an offer twice: after an answer that cannot be read nothing is to be waited for. */
  misunderstood(action: unknown, { message }: Error): void {
    if (action !== 'session-accept' || this.role !== 'initiator' || !this.isPending) return;
    const text = `the answer does not fit the offer: ${message}`;
    later(this, () => this.terminate({ condition: 'failed-application', text }));
  }

  /** What is wrong with us ends it, and is none of the peer's business. */
  failed(error: Error): void {
    void this.terminate({ condition: 'general-error' });
    this.#session.report(error);
  }

  /** Nobody waits for answers when the Jingle session is over. */
  async #request(action: Action, ...children: Element[]): Promise<void> {
    const attrs = {
      ...(action === 'session-initiate' ? { initiator: this.#session.jid } : {}),
      ...(action === 'session-accept' ? { responder: this.#session.jid } : {}),
    };
    const element = jingle(action, this.sid, attrs, ...children);
    await this.#session.request('set', this.peer, element, { signal: this.ended });
  }
}
