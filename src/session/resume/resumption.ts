import type { Clock } from '../clock.js';
import type { Endpoint } from '../dial/endpoints.js';
import { exchange, type LoginOptions, openStream } from '../login/open-stream.js';
import { ConnectionLost } from '../stanza-session.js';
import { ConnectionFailed, ServerNotTrusted } from '../stream/connection-errors.js';
import { StreamError } from '../stream/stream-error.js';
import type { XmppStream } from '../stream/xmpp-stream.js';
import { type Element, xml } from '../xml.js';
import { backoff } from './backoff.js';
import { NS_SM, type StreamManagement } from './stream-management.js';

/** How long resuming is tried where the server does not say how long it keeps the session. */
const DEFAULT_MAX_SECONDS = 300;

/** A connection that lasted this long is not taken for one that breaks at once. */
const STABLE_MS = 60_000;

export interface ResumptionOptions {
  login: LoginOptions;
  /** What the session was connected to. */
  endpoint: Endpoint;
  /** Milliseconds for one attempt. */
  timeout: number;
  /** Gives up. */
  signal: AbortSignal;
  clock: Clock;
  /** 0 up to 1. */
  random: () => number;
  /** Hears, once for each, what the user should know of an answer in the server's place; it is tried again. */
  onSetback?: ((error: Error) => void) | undefined;
}

/** A new stream, and the `<resumed/>` that came on it; what came behind is kept for its consumer. */
export interface Resumed {
  stream: XmppStream;
  resumed: Element;
  /** Milliseconds from the request to it. */
  roundTrip: number;
}

/** Resumes one session (XEP-0198 §5), as often as it takes. */
export class Resumption {
  readonly #options: ResumptionOptions;
  readonly #previd: string;
  readonly #maxSeconds: number;
  /** What it was connected to last. */
  #last: Endpoint;
  #attempt = 0;
  #deadline = 0;
  #resumedAt = 0;
  /** The error that the last attempt failed with. */
  #setback: Error | undefined;
  /** The progress of the stream management when it was resumed. */
  #progress = -1;

  private constructor(previd: string, maxSeconds: number, options: ResumptionOptions) {
    this.#previd = previd;
    this.#maxSeconds = maxSeconds;
    this.#options = options;
    this.#last = options.endpoint;
  }

  /**
   * Reads `<enabled/>`; `undefined` where the server does not resume. Its `location` is left aside: the user
   * or the domain's own DNS says where the server is.
   */
  static from(enabled: Element, options: ResumptionOptions): Resumption | undefined {
    const { resume = '', id, max = '' } = enabled.attrs;
    if (!/^(true|1)$/.test(resume) || !id) return undefined;
    const seconds = /^[1-9]\d{0,8}$/.test(max) ? Number(max) : DEFAULT_MAX_SECONDS;
    return new Resumption(id, seconds, options);
  }

  /**
   * Tries until a new stream goes on where the last one was cut. Rejects with `ConnectionLost` when the
   * server has forgotten the session or its time is over, and at once with what no further try can mend:
   * `NotAuthorized`, a conflict; with the signal's reason.
   */
  async run(management: StreamManagement): Promise<Resumed> {
    this.#begin(management.progress);
    for (;;) {
      const timeout = await this.#wait();
      try {
        const resumed = await this.#try(management.h, timeout);
        this.#resumedAt = this.#options.clock.now();
        this.#setback = undefined;
        return resumed;
      } catch (error) {
        if (!mayPass(error as Error)) throw error;
        this.#tell(error as Error);
      }
    }
  }

  #tell(error: Error): void {
    const isNew = error.message !== this.#setback?.message;
    this.#setback = error;
    // A network that is down for a while is no news.
    const matters = error instanceof ServerNotTrusted || error.cause instanceof StreamError;
    if (isNew && matters) this.#options.onSetback?.(error);
  }

  /**
   * A server that cuts us off again at once, with not a stanza come through, is as good as not there. With one that
   * lets a stanza through each time we go on, but not without a pause.
   */
  #begin(progress: number): void {
    const now = this.#options.clock.now();
    const hasLasted = now - this.#resumedAt >= STABLE_MS;
    if (progress === this.#progress && !hasLasted) return;
    this.#progress = progress;
    this.#attempt = hasLasted ? 0 : Math.min(this.#attempt, 1);
    this.#deadline = now + this.#maxSeconds * 1000;
  }

  /** Resolves when the next attempt is due, to the milliseconds that it may take. */
  async #wait(): Promise<number> {
    const { clock, random, signal, timeout } = this.#options;
    const delay = backoff(this.#attempt, random);
    this.#attempt += 1;
    signal.throwIfAborted();
    // Nothing else may keep the process running while there is no connection.
    if (delay > 0) await clock.sleep(Math.min(delay, this.#left), signal, { ref: true });
    if (this.#left > 0) return Math.min(timeout, this.#left);
    const why = this.#setback ? ` (${this.#setback.message})` : '';
    throw new ConnectionLost(
      `the connection was lost and could not be resumed within ${this.#maxSeconds} s${why}`,
      { cause: this.#setback },
    );
  }

  get #left(): number {
    return this.#deadline - this.#options.clock.now();
  }

  #try(h: number, timeout: number): Promise<Resumed> {
    const { login, signal, clock } = this.#options;
    const request = xml('resume', { xmlns: NS_SM, previd: this.#previd, h });
    const attempt = { timeout, signal, last: this.#last };
    return openStream(login, attempt, async (stream, features, endpoint) => {
      if (!features.getChild('sm', NS_SM)) throw forgotten('the server resumes no sessions');
      const askedAt = clock.now();
      const answer = await exchange(stream, request, (element) => element.getNS() === NS_SM);
      if (answer.is('resumed') && answer.attrs.previd === this.#previd) {
        this.#last = endpoint;
        return { stream, resumed: answer, roundTrip: clock.now() - askedAt };
      }
      throw forgotten(answer.getChildElements()[0]?.getName() ?? `<${answer.getName()}/>`);
    });
  }
}

/**
 * Stanzas that may have arrived are not sent again on another session: only their sender knows whether they may come
 * twice.
 */
const forgotten = (why: string) =>
  new ConnectionLost(`the connection was lost, and the session with it (${why})`);

/**
 * Where the server has been, another one may answer for a while: that of a captive portal, or one that has just started
 * and does not know its domains yet. It gets nothing, for it must prove who it is before the login. A refused password
 * is the server's own word.
 */
function mayPass(error: Error): boolean {
  if (error instanceof ServerNotTrusted) return true;
  if (!(error instanceof ConnectionFailed)) return false;
  return !(error.cause instanceof StreamError) || error.cause.condition !== 'conflict';
}
