import { ChannelLost, type Outlet } from '../../protocol/channel.js';
import { withHints } from '../../session/hints.js';
import { isPassing } from '../attempts/passing.js';
import { Retries } from '../attempts/retries.js';
import { timeInWords } from '../attempts/time-in-words.js';
import type { Turn } from '../attempts/turn.js';
import type { Event } from '../events.js';
import type { RateLimit } from '../rate-limit.js';
import { FileMismatch, RecipientBusy, RecipientUnreachable } from '../recipient-errors.js';
import type { Source } from '../sources/source.js';
import { cautionAfter } from '../ways/caution.js';
import type { JobOptions } from './job-options.js';
import type { SendingLine } from './line.js';
import { Offering } from './offering.js';
import { Refusals } from './refusals.js';
import { sendFile } from './send-file.js';
import type { Slot } from './slots.js';
import type { Telling } from './telling.js';

interface InLine {
  /** This file's slot among those under way. */
  slot: Slot;
  /** The turn that all files to this recipient share. */
  turn: Turn;
  telling: Telling;
}

/** A file on its way to its recipient, over as many connections as it takes. */
export class Job {
  readonly #source: Source;
  readonly #line: SendingLine;
  readonly #signal: AbortSignal;
  readonly #telling: Telling;
  readonly #offering: Offering;
  readonly #retries: Retries;
  readonly #retryFor: number;
  readonly #slot: Slot;
  readonly #turn: Turn;
  readonly #onStopped: () => void;
  readonly #limit: RateLimit | undefined;
  readonly #refusals = new Refusals();
  /** Where the last attempt started, in bytes. */
  #offset = 0;
  /** What the recipient had of it was another file's once, and should not be again. */
  #wasAltered = false;
  /** What the present attempt goes by, once it is under way. */
  #channel: Outlet | undefined;
  /** What ended the last attempt that was under way. */
  #brokenBy: Error | undefined;

  constructor(
    source: Source,
    line: SendingLine,
    { slot, turn, telling }: InLine,
    options: JobOptions,
  ) {
    this.#source = source;
    this.#line = line;
    this.#signal = options.signal;
    this.#telling = telling;
    this.#offering = new Offering(source, line, options, telling);
    this.#retries = new Retries(options.retryFor, options.clock);
    this.#retryFor = options.retryFor;
    this.#slot = slot;
    this.#turn = turn;
    this.#onStopped = options.onStopped;
    this.#limit = options.limit;
  }

  /** Makes attempts until one succeeds, which is to be told, or there is no point in another. */
  async send(): Promise<Event> {
    for (;;) {
      try {
        return await this.#retries.attempt(this.#signal, (until) => this.#attempt(until));
      } catch (error) {
        const why = this.#refusals.judge(error as Error, this.#line.jid);
        await this.#awaitNext(why).catch((reason) => {
          throw this.#signal.aborted ? this.#interrupted() : reason;
        });
      }
    }
  }

  /** `until`: it is given up. */
  async #attempt(until: AbortSignal): Promise<Event> {
    this.#channel = undefined;
    const onWork = () => this.#retries.moved();
    const { offer, accepted } = await this.#offering.offer(this.#slot, { signal: until, onWork });
    this.#retries.begins();
    const { peer } = accepted.channel;
    this.#turn.came();
    this.#line.came();
    this.#channel = accepted.channel;
    this.#offset = accepted.range.offset;
    this.#refusals.begins(accepted);
    this.#telling.goesOn();
    const sent = await sendFile(accepted, this.#source, offer, {
      ...{ signal: until, limit: this.#limit },
      onRead: () => this.#read(),
      onProgress: (bytes) => {
        this.#retries.reached(bytes);
        this.#telling.progressed(peer, bytes);
      },
    }).finally(() => this.#proves(accepted.channel));
    return this.#telling.done(accepted, sent);
  }

  #read(): void {
    this.#slot.read();
    if (this.#slot.isAwaited) this.#line.prepare?.();
  }

  #proves({ provenBlock }: Outlet): void {
    this.#line.provenBlock = Math.max(this.#line.provenBlock, provenBlock);
  }

  /** Resolves when another attempt is due; throws where there is no point in one. */
  async #awaitNext(error: Error): Promise<void> {
    this.#signal.throwIfAborted();
    if (error instanceof RecipientBusy) {
      // Where another file of ours has got on, there may be a place.
      if (await this.#slot.again(false)) return;
      return this.#turn.wait([this.#line.jid], error, this.#signal);
    }
    if (!this.#offering.wasWanted && (await this.#line.comesOnline(error, this.#telling))) return;
    if (!this.#deservesAnother(error)) throw error;
    this.#line.forget();
    const failed = { error, channel: this.#channel, proven: this.#line.provenBlock };
    const caution = cautionAfter(failed, this.#line.settings);
    if (caution) {
      this.#line.settings = caution.settings;
      this.#telling.warn(caution.text);
    }
    this.#retries.fails(error);
    // Several that were broken off together wait for the first of them, which waits for all.
    if (await this.#slot.again(true)) return;
    const waited = this.#retries.wait(this.#givenUp(error), this.#signal, (pause) =>
      this.#telling.again(this.#line.jid, error, pause),
    );
    // What we have chosen is tried more cautiously before it counts as a failure.
    await waited.catch((reason) => {
      if (!caution?.wasOurs || this.#signal.aborted) throw reason;
    });
  }

  /** No second attempt if nobody wanted the file, the source can be read only once, or the answer was no. */
  #deservesAnother(error: Error): boolean {
    // Accepted, and lost before the first byte.
    if (error instanceof ChannelLost) this.#offering.isWanted();
    // An offer that went astray when the recipient was cut off, which has taken other files before.
    const isAstray = error instanceof RecipientUnreachable && this.#slot.isKnown;
    if (!(this.#offering.wasWanted || isAstray) || this.#source.size === undefined) return false;
    // What the recipient had from an earlier attempt was no part of this file; it has thrown it away.
    const fromAfresh = error instanceof FileMismatch && this.#offset > 0 && !this.#wasAltered;
    this.#wasAltered ||= fromAfresh;
    return fromAfresh || isPassing(error);
  }

  /** What is told where no further attempt is made. */
  #givenUp(error: Error): Error {
    const why = this.#asBrokenOff(error);
    const tried =
      this.#retryFor > 0 ? [`it was tried again for ${timeInWords(this.#retryFor)}`] : [];
    const next = this.#offering.isKept ? ['the same command goes on from there'] : [];
    return tried.length + next.length > 0 ? withHints(why, ...tried, ...next) : why;
  }

  /** If the recipient was there, and is not found again, what counts is what broke the transfer off. */
  #asBrokenOff(error: Error): Error {
    if (error instanceof RecipientUnreachable) return this.#brokenBy ?? error;
    if (this.#channel || error instanceof ChannelLost) this.#brokenBy = error;
    return error;
  }

  #interrupted(): Error {
    const mayGoOn = this.#offering.isKept && this.#source.size !== undefined;
    if (mayGoOn) this.#onStopped();
    return this.#signal.reason;
  }
}
