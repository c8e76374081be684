import { badRequest } from '../../../conditions.js';
import type { Candidate, News } from './s5b-stanzas.js';

/** What the peer says of the way: each thing once, whatever it says after that. */
export class Heard {
  /** Resolves to the candidate of ours that the peer has connected to, or to nothing. */
  readonly chosen: Promise<Candidate | undefined>;
  /** Resolves when the peer has had its proxy join the two connections. Rejects where that was not possible. */
  readonly activated: Promise<void>;
  #choose: (candidate: Candidate | undefined) => void = () => undefined;
  #activate: () => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor() {
    this.chosen = new Promise((resolve) => {
      this.#choose = resolve;
    });
    this.activated = new Promise((resolve, reject) => {
      this.#activate = resolve;
      this.#fail = reject;
    });
    this.activated.catch(() => undefined); // it is waited for only where it matters
  }

  /** `offered`: our candidates. Throws `StanzaError`. */
  take(news: News, offered: readonly Candidate[]): void {
    switch (news.said) {
      case 'candidate-used': {
        const used = offered.find(({ cid }) => cid === news.cid);
        if (!used) throw badRequest('there is no such candidate');
        return this.#choose(used);
      }
      case 'candidate-error':
        return this.#choose(undefined);
      case 'activated':
        return this.#activate();
      case 'proxy-error':
        return this.#fail(new Error('the peer says that it did not reach the proxy'));
    }
  }
}
