import type { Report } from '../events.js';
import type { Quotas } from '../quotas/quotas.js';
import type { RateLimit } from '../rate-limit.js';
import type { Policy } from '../serving/policy.js';
import type { IncomingOffer } from '../ways/incoming.js';
import type { DueWork } from './due-work.js';
import { FilesUnderWay } from './files-under-way.js';
import type { Inbox } from './inbox.js';
import type { Places, Running, TakenPlace } from './places.js';
import { type Arrival, type ReceptionOptions, receiveOne } from './reception.js';

export interface ReceptionsOptions {
  inbox: Inbox;
  /** Whether the one with this JID may learn which of the files that it sent are there. */
  knows: Policy;
  quotas: Quotas;
  places: Places;
  running: Running;
  /** Only the first file that arrives whole is awaited. */
  once: boolean;
  /** The rate of all files together; absent: as fast as they come. */
  limit?: RateLimit | undefined;
  signal: AbortSignal;
  report: Report;
  exitCodeOf: (error: Error) => number;
  /** Is done for each file that arrives, which keeps its place until then. */
  work: DueWork;
  judge: ReceptionOptions['judge'];
  isNews: ReceptionOptions['isNews'];
}

/** The files that come on one session. */
export class Receptions {
  readonly #options: ReceptionsOptions;
  readonly #reception: ReceptionOptions;
  readonly #underWay = new FilesUnderWay();
  readonly #places = new WeakMap<IncomingOffer, TakenPlace>();
  readonly #transfers = new Set<Promise<Arrival | undefined>>();
  #resolve: () => void = () => undefined;
  #isDone = false;
  /** Resolves when the first file has arrived, if only that one is awaited. */
  readonly done = new Promise<void>((resolve) => {
    this.#resolve = resolve;
  });

  constructor(options: ReceptionsOptions) {
    this.#options = options;
    this.#reception = {
      ...options,
      limits: options.quotas.transfers,
      underWay: this.#underWay,
      isDue: options.work.isWanted,
    };
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Receives it if there is a place, or has its sender come again later. Resolves when what became of it was told. */
  async take(file: IncomingOffer): Promise<void> {
    const { places, quotas, report } = this.#options;
    if (!file.postpone || places.takeRoom(file.peer)) return this.#receive(file, undefined);
    // A transfer whose connection has broken holds a place that it cannot use any more, and comes again.
    const earlier = this.#underWay.claim(file);
    if (earlier) return this.#receive(file, this.#places.get(earlier));
    // A sender that waits for a place asks again and again.
    if (quotas.notes.take(file.peer)) {
      const text = `${file.peer} was asked to come later: as many transfers as may be are under way`;
      report({ event: 'note', text });
    }
    quotas.transfers.turnedAway(file.peer);
    file.postpone();
  }

  /** `shared`: the place of the transfer that it must replace. */
  async #receive(file: IncomingOffer, shared: TakenPlace | undefined): Promise<void> {
    const { running } = this.#options;
    const place = shared ?? { peer: file.peer };
    this.#places.set(file, place);
    const transfer = receiveOne(file, this.#reception, shared !== undefined);
    this.#transfers.add(transfer);
    const whole = transfer
      .then((arrival) => {
        this.#transfers.delete(transfer);
        this.#underWay.release(file);
        return arrival && this.#arrived(arrival);
      })
      .then(() => void running.delete(whole));
    running.set(whole, place);
    await transfer;
  }

  /** Resolves when all transfers have ended, whatever is still being done for the files that arrived. */
  async ended(): Promise<void> {
    await Promise.all(this.#transfers);
  }

  async #arrived(arrival: Arrival): Promise<void> {
    const { once, work, report } = this.#options;
    this.#isDone = once;
    if (once) this.#resolve();
    await work
      .doFor(arrival)
      .catch(({ message }: Error) => report({ event: 'warning', text: message }));
  }
}
