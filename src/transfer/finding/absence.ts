import { OfferUnanswered } from '../../protocol/jingle/why-not-sent.js';
import { StanzaError } from '../../session/stanza-error.js';
import { isForGood } from '../answers.js';
import { mayComeBack } from '../attempts/passing.js';
import { NotInStream, RecipientUnreachable } from '../recipient-errors.js';
import type { KnownSoFar } from './inquiry.js';
import { WaitOnline, type WaitOptions } from './wait-online.js';

/** Told of the waiting. */
export interface WaitListener {
  /** It begins, because of this error; so many milliseconds at most. */
  waits(jid: string, error: Error, limit: number): void;
  note(text: string): void;
}

/**
 * Decides whether a recipient who is not there is waited for, and how often a file is proposed to all its resources:
 * people's clients ring, and servers keep proposals. It is done once when the waiting begins, and once when somebody
 * has come.
 */
export class Absence {
  readonly #options: WaitOptions;
  #wait: WaitOnline | undefined;
  /** While it goes on. */
  #waiting: Promise<void> | undefined;
  #hasCome = false;
  #wasSeen = false;
  #proposals = 1;

  /** A limit of 0: nobody is waited for. */
  constructor(options: WaitOptions) {
    this.#options = options;
  }

  /**
   * Asked before each proposal. Where a waiting would follow, the user hears first that nobody is seen: the proposal is
   * made when it has begun.
   */
  mayPropose({ isSeen, answer }: KnownSoFar): boolean {
    if (this.#options.limit === 0) return true;
    const isDue = isSeen || this.#hasCome || isFinal(answer);
    if (this.#wait ? this.#proposals === 0 : !isDue) return false;
    this.#proposals = 0;
    return true;
  }

  /** Looks for the recipient; while it is waited for, in the time that is left. Rejects as `WaitOnline` does, too. */
  look<T>(look: (until: AbortSignal) => Promise<T>): Promise<T> {
    return this.#wait ? this.#wait.look(look) : look(this.#options.signal);
  }

  /** The recipient has taken a file: the next wait is a new one. */
  came(): void {
    this.#wait?.end();
    this.#wait = undefined;
    this.#hasCome = true;
    this.#wasSeen = false;
    this.#proposals = 1;
  }

  /**
   * Resolves to whether another look is due, after one that has ended with this error; `false` where that is not waited
   * for. Files that wait at a time wait together. Rejects as `WaitOnline` does.
   */
  async ends(error: Error, waiting: WaitListener): Promise<boolean> {
    if (!this.#isAwaited(error)) return false;
    this.#waiting ??= this.#await(error, waiting).finally(() => {
      this.#waiting = undefined;
    });
    await this.#waiting;
    return true;
  }

  async #await(error: Error, waiting: WaitListener): Promise<void> {
    if (!this.#wait) {
      const { jid, limit } = this.#options;
      waiting.waits(jid, error, limit);
      this.#wait = new WaitOnline(this.#options, (text) => waiting.note(text));
    }
    const hasSeen = await this.#wait.next(error);
    if (hasSeen && !this.#wasSeen) this.#proposals = 1;
    this.#wasSeen ||= hasSeen;
  }

  #isAwaited(error: Error): boolean {
    if (this.#options.limit === 0) return false;
    if (!this.#wait) return mayCome(error);
    if (isUndecided(error)) return false;
    return mayComeBack(error) || error instanceof RecipientUnreachable;
  }
}

/** Whether a recipient whom nobody has found, as this error says, may be there later. */
export const mayCome = (error: Error): boolean =>
  error instanceof RecipientUnreachable &&
  !(error instanceof NotInStream) &&
  !isUndecided(error) &&
  !isFinal(error.cause);

/** Somebody who is there and does not decide would be asked again. */
const isUndecided = ({ cause }: Error): boolean => cause instanceof OfferUnanswered;

/** Whether waiting does not mend what was answered. */
export const isFinal = (answer: unknown): boolean =>
  answer instanceof StanzaError && isForGood(answer);
