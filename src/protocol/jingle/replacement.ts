import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';

/** A transport that we have proposed instead of the one agreed on, until the peer has answered (XEP-0166 §7.2.15). */
export class Replacement {
  /** Whether the peer takes it. */
  readonly answered: Promise<boolean>;
  readonly #agree: (transport: Element) => void;
  #answer: (isTaken: boolean) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  /** `agree` takes what the peer makes of it, and throws `StanzaError` where that does not fit. */
  constructor(agree: (transport: Element) => void) {
    this.#agree = agree;
    this.answered = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
    });
  }

  /** Throws `StanzaError` for an answer that does not fit; no peer answers twice, so that this is the end of it. */
  accept(transport: Element): void {
    try {
      this.#agree(transport);
    } catch (error) {
      this.refuse();
      throw error;
    }
    this.#answer(true);
  }

  /** The peer does not take it, or has proposed another one at the same time. */
  refuse(): void {
    this.#answer(false);
  }

  /** It could not be proposed: a peer that answers so does not take it. */
  fail(error: Error): void {
    if (error instanceof StanzaError) this.#answer(false);
    else this.#fail(error);
  }
}
