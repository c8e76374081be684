import { setMaxListeners } from 'node:events';
import { discoverFeatures } from '../../protocol/disco.js';
import { watchContact } from '../../protocol/presence/presence.js';
import { orAborted } from '../../session/aborted.js';
import { type Clock, systemClock } from '../../session/clock.js';
import { ownHints, withHints } from '../../session/hints.js';
import { RequestTimeout } from '../../session/requests.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { meaningOfError } from '../answers.js';
import { mayComeBack } from '../attempts/passing.js';
import { Pauses } from '../attempts/pauses.js';
import { nextTry, timeInWords } from '../attempts/time-in-words.js';
import { KeyUntold, RecipientUnreachable } from '../recipient-errors.js';
import { receiverOf } from './receiver.js';

/** Milliseconds until the first question; twice as long until each further one. */
const FIRST_PAUSE_MS = 15_000;

const LONGEST_PAUSE_MS = 300_000;

const ANSWER_MS = 10_000;

/** The last question comes so much before the time is over: the answer counts. */
const LAST_QUESTION_MS = 2_000;

export interface WaitOptions {
  /** The recipient, as the user gave it. */
  jid: string;
  /** Milliseconds in all. */
  limit: number;
  /** The connection, made anew where it was lost. */
  session(): Promise<Session>;
  /** Makes us available there: contacts are seen only by who can be seen. */
  appear(session: Session): Promise<void>;
  signal: AbortSignal;
  clock?: Clock | undefined;
}

/** A recipient who is not there is waited for, over as many sessions as it takes. */
export class WaitOnline {
  readonly #options: WaitOptions;
  readonly #note: (text: string) => void;
  readonly #clock: Clock;
  readonly #since: number;
  readonly #pauses: Pauses;
  /** The one on which the recipient is watched. */
  #session: Session | undefined;
  #unwatch: (() => void) | undefined;
  #pause = FIRST_PAUSE_MS;
  /** Aborted when a resource of the recipient comes online. */
  #coming = new AbortController();
  #why: RecipientUnreachable | undefined;
  /** What it ended with when its time was over. */
  #outcome: RecipientUnreachable | undefined;

  /** `note`: told of each pause. */
  constructor(options: WaitOptions, note: (text: string) => void) {
    this.#options = options;
    this.#note = note;
    this.#clock = options.clock ?? systemClock;
    this.#since = this.#clock.now();
    this.#pauses = new Pauses(this.#clock);
  }

  /**
   * Waits, after a look that has ended with this error, until another one is due: on each new session at once. Resolves
   * to whether somebody was seen to come. Throws when the time is over; `RecipientUnreachable` where we were online.
   */
  async next(error: Error): Promise<boolean> {
    if (error === this.#outcome) throw error;
    if (error instanceof RecipientUnreachable) this.#why = error;
    return this.look((until) => this.#until(until, error)).catch((reason) => {
      this.end();
      throw reason;
    });
  }

  /** Does this in the time that is left, and rejects as it does, or as `next` where the time is over. */
  async look<T>(look: (until: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    const [over, ended] = [new AbortController(), new AbortController()];
    // Whatever it waits for then: a pause, a connection, or an answer.
    const timer = this.#clock.sleep(Math.max(this.#left, 0), ended.signal, { ref: true });
    timer.then(
      () => over.abort(),
      () => undefined,
    );
    try {
      const until = AbortSignal.any([signal, over.signal]);
      setMaxListeners(0, until); // one for each resource that is asked
      return await look(until);
    } catch (reason) {
      signal.throwIfAborted();
      throw over.signal.aborted && !this.#session?.ended.aborted ? this.#over() : reason;
    } finally {
      ended.abort();
    }
  }

  /** Nobody is watched any more. */
  end(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#session = undefined;
  }

  async #until(until: AbortSignal, error: Error): Promise<boolean> {
    for (let last = error; ; ) {
      try {
        if (mayComeBack(last)) await this.#reconnects(last, until);
        return !(await this.#isWatchedAnew(until)) && (await this.#untilThere(until));
      } catch (reason) {
        if (until.aborted) throw last;
        last = reason as Error;
        if (!mayComeBack(last)) throw last;
      }
    }
  }

  async #reconnects(error: Error, until: AbortSignal): Promise<void> {
    const pause = this.#pauses.next();
    this.#note(`${error.message}; ${nextTry(pause)}`);
    await this.#pauses.wait(pause, until);
  }

  /** Milliseconds. */
  get #left(): number {
    return this.#options.limit - (this.#clock.now() - this.#since);
  }

  /** Watches the recipient's presence; `false` where that was done before. */
  async #isWatchedAnew(until: AbortSignal): Promise<boolean> {
    const { jid, session: connected, appear } = this.#options;
    const session = await orAborted(connected(), until);
    this.#pauses.works();
    if (this.#session === session) return false;
    this.end();
    let isKnown = false;
    const comes = () => {
      if (isKnown) this.#coming.abort();
    };
    await orAborted(appear(session), until);
    const options = { signal: until, timeout: ANSWER_MS };
    this.#unwatch = await watchContact(session, jid, comes, options, this.#clock);
    isKnown = true;
    this.#session = session;
    return true;
  }

  /** Resolves to whether somebody was seen to come; otherwise there is an answer. */
  async #untilThere(until: AbortSignal): Promise<boolean> {
    const session = this.#session as Session;
    for (;;) {
      if (await this.#seesSomebodyCome(session, until)) return true;
      if (await this.#answers(session, until)) return false;
    }
  }

  async #seesSomebodyCome(session: Session, until: AbortSignal): Promise<boolean> {
    const left = this.#left;
    const beforeLast = left - LAST_QUESTION_MS;
    const pause = Math.min(this.#pause, beforeLast > 0 ? beforeLast : left);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    this.#note(`${this.#options.jid} is still not there; ${nextTry(pause)}`);
    const awake = AbortSignal.any([until, session.ended, this.#coming.signal]);
    // Between two connections nothing else keeps the process running.
    await this.#clock.sleep(pause, awake, { ref: true }).catch(() => undefined);
    for (const signal of [until, session.ended]) signal.throwIfAborted();
    const hasCome = this.#coming.signal.aborted;
    if (hasCome) this.#coming = new AbortController();
    return hasCome;
  }

  /** Asks the one who receives for the recipient, and nobody's client. */
  async #answers(session: Session, signal: AbortSignal): Promise<boolean> {
    const { jid } = this.#options;
    try {
      await discoverFeatures(session, receiverOf(jid), { signal, timeout: ANSWER_MS });
      return true;
    } catch (error) {
      if (error instanceof RequestTimeout) return false;
      if (error instanceof StanzaError) return meaningOfError(error) !== 'absent';
      throw error;
    }
  }

  #over(): RecipientUnreachable {
    const why = this.#why;
    const message = `${why?.message}, though it was waited for ${timeInWords(this.#options.limit)}`;
    this.end();
    const Kind = why instanceof KeyUntold ? KeyUntold : RecipientUnreachable;
    this.#outcome = new Kind(message, { cause: why });
    return withHints(this.#outcome, ...(why ? ownHints(why) : []));
  }
}
