import { StanzaError } from '../../../session/stanza-error.js';
import type { Element } from '../../../session/xml.js';
import { badRequest } from '../../conditions.js';
import { outOfOrder, type Role, tieBreak } from '../stanzas.js';

/** A transport that we have proposed. */
interface Proposal {
  /** Takes what the peer makes of it, and throws `StanzaError` where that does not fit. */
  agree(transport: Element): void;
  settle(isTaken: boolean): void;
}

/** The proposal of another transport that a Jingle session waits for an answer to (XEP-0166 §7.2.15), one at a time. */
export class Replacement {
  readonly #role: Role;
  #proposal: Proposal | undefined;

  constructor(role: Role) {
    this.#role = role;
  }

  /**
   * Proposes a transport by `send`. Resolves to whether it was agreed on: not where the peer refuses it, answers what
   * `agree` throws `StanzaError` for, overrules it, or has not answered when the signal is aborted. Rejects as `send`
   * does otherwise.
   */
  async propose(
    send: () => Promise<void>,
    agree: (transport: Element) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (this.#proposal) throw new Error('a transport is proposed already');
    if (signal.aborted) return false;
    const giveUp = () => this.#settle(false);
    signal.addEventListener('abort', giveUp);
    try {
      return await new Promise<boolean>((settle, reject) => {
        this.#proposal = { agree, settle };
        send().catch((error) => (error instanceof StanzaError ? settle(false) : reject(error)));
      });
    } finally {
      signal.removeEventListener('abort', giveUp);
      this.#proposal = undefined;
    }
  }

  /** The peer takes it. Throws `StanzaError` for an answer that does not fit, or to nothing. No peer answers twice. */
  accepted(transport: Element | undefined): void {
    if (!this.#proposal) throw outOfOrder();
    try {
      if (!transport) throw badRequest('accept what?');
      this.#proposal.agree(transport);
    } catch (error) {
      this.#settle(false);
      throw error;
    }
    this.#settle(true);
  }

  /** The peer does not take it. Throws `StanzaError` where there was nothing to take. */
  rejected(): void {
    if (!this.#proposal) throw outOfOrder();
    this.#settle(false);
  }

  /**
   * §7.2.16: of two proposals that cross each other the initiator's counts. Throws `StanzaError` where that is ours.
   */
  checkTie(): void {
    if (this.#proposal && this.#role === 'initiator') throw tieBreak();
  }

  /** The peer's proposal takes the place of ours. */
  overruled(): void {
    this.#settle(false);
  }

  #settle(isTaken: boolean): void {
    this.#proposal?.settle(isTaken);
    this.#proposal = undefined;
  }
}
