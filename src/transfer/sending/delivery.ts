import { Turn } from '../attempts/turn.js';
import type { Event, Report } from '../events.js';
import { RecipientBusy, RecipientUnreachable } from '../recipient-errors.js';
import type { Source } from '../sources/source.js';
import { NoUploads } from '../ways/http/why-not-uploaded.js';
import { Job } from './job.js';
import type { JobOptions } from './job-options.js';
import type { SendingLine } from './line.js';
import { type Slot, Slots } from './slots.js';
import { Telling } from './telling.js';

/** What an error is to the user. */
export interface Explained {
  /** Absent where there is nothing to tell. */
  text: string | undefined;
  /** What can be done about it, a line each. */
  hints?: readonly string[];
  exitCode: number;
  /** The fault is on this side, and would meet the other files, too. */
  isOurs: boolean;
}

export interface DeliveryOptions extends JobOptions {
  /** Files under way at a time. */
  most: number;
  /** It is one of several transfers of the command, so that failures name the file. */
  isOneOfSeveral: boolean;
  /** The files go to other recipients, too. */
  hasOthers?: boolean | undefined;
  explain(error: Error): Explained;
  /** Ends the whole command. */
  stop(error: Error): void;
}

/** What is to be told of a file in its turn. */
interface Outcome {
  event?: Event;
  failure?: Error;
}

/** What would be the same with the other files to this recipient. */
const MEETS_OTHERS = [RecipientUnreachable, RecipientBusy, NoUploads];

/** All files to one recipient. */
export class Delivery {
  readonly #line: SendingLine;
  readonly #options: DeliveryOptions;
  readonly #slots: Slots;
  readonly #turn: Turn;
  readonly #report: Report;
  /** The first failure, in the order of the files. */
  #failure: Error | undefined;
  /** It would be the same with the files that are left. */
  #isLost = false;

  constructor(line: SendingLine, options: DeliveryOptions) {
    this.#line = line;
    this.#options = options;
    this.#report = options.report;
    this.#slots = new Slots(options.most, options.signal, options.clock);
    this.#turn = new Turn(options.acceptTimeout, options.report);
  }

  /**
   * Sends the files, several at a time where the recipient takes them, and tells what became of each in their order.
   * Resolves to the first failure; the signal is none.
   */
  async send(sources: AsyncIterable<Source>): Promise<Error | undefined> {
    let told: Promise<void> = Promise.resolve();
    let [count, isCutShort] = [0, false];
    for await (const source of sources) {
      const slot = await this.#enter(source);
      isCutShort = slot === undefined;
      if (!slot) break;
      told = this.#tell(told, this.#sendOne(source, slot));
      count += 1;
    }
    await told;
    if (isCutShort && this.#isLost) {
      const text = `the other files were not tried with ${this.#line.jid}`;
      this.#report({ event: 'skipped', text, first: count });
    }
    return this.#failure;
  }

  /** Nothing where no more files are to be sent. */
  async #enter({ size }: Source): Promise<Slot | undefined> {
    if (this.#isLost) return undefined;
    const slot = await this.#slots.enter(size).catch(() => undefined);
    return this.#isLost || this.#options.signal.aborted ? undefined : slot;
  }

  async #tell(before: Promise<void>, outcome: Promise<Outcome>): Promise<void> {
    await before;
    const { event, failure } = await outcome;
    if (event) this.#report(event);
    this.#failure ??= failure;
  }

  async #sendOne(source: Source, slot: Slot): Promise<Outcome> {
    const { hasOthers } = this.#options;
    const telling = new Telling(this.#report, source, hasOthers ? this.#line.jid : undefined);
    try {
      const job = new Job(source, this.#line, { slot, turn: this.#turn, telling }, this.#options);
      return { event: await job.send() };
    } catch (error) {
      return await this.#failed(error as Error, source, telling);
    } finally {
      slot.leave();
    }
  }

  async #failed(error: Error, source: Source, telling: Telling): Promise<Outcome> {
    const { signal, explain, stop, isOneOfSeveral } = this.#options;
    if (signal.aborted) return {};
    const { text, hints: own = [], exitCode, isOurs } = explain(error);
    this.#isLost ||= MEETS_OTHERS.some((kind) => error instanceof kind);
    if (isOurs) stop(error);
    if (text === undefined) return { failure: error };
    const remedy = await this.#line.remedy?.(error, source);
    const hints = remedy === undefined ? own : [...own, remedy];
    const event = telling.failed(this.#line, { text, hints, exitCode, isOneOfSeveral });
    return { event, failure: error };
  }
}
