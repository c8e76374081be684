import { bareJid } from '../../session/jid.js';
import type { Report } from '../events.js';
import type { Quotas } from '../quotas/quotas.js';
import type { IncomingOffer } from '../ways/incoming.js';
import {
  type Downloads,
  idOfLink,
  incomingLink,
  type Link,
  type Outcome,
} from './incoming-link.js';
import { isPassing } from './why-not-fetched.js';

/** Milliseconds until the next attempt: nobody comes again by itself, as the sender of an offer does. */
const PAUSES_MS = [10_000, 60_000, 5 * 60_000, 30 * 60_000];

/** Milliseconds until it is asked again for a place, or for leave. */
const LATER_MS = 5_000;

/** Links of one account that may wait, and of all together. */
const MOST_OF_ACCOUNT = 1_000;
const MOST = 10_000;

/** Links that were given up and are remembered. */
const MOST_IN_VAIN = 1_000;

interface FetchesOptions extends Downloads {
  quotas: Quotas;
  /** An earlier transfer has brought the file, which the ledger remembers. */
  isKnown(account: string, linkId: string): boolean;
  report: Report;
}

/** What one session is there for. */
export interface Fetching {
  /** Resolves when what became of the file was told. */
  take(file: IncomingOffer): Promise<void>;
  /** Aborted when nothing is to be fetched any more. */
  signal: AbortSignal;
}

/** A link that is to be fetched. */
interface Waiting extends Link {
  id: string;
  failures: number;
  /** By the clock. */
  dueAt: number;
  /** Nothing is left to do for it. */
  settled: Promise<void>;
  settle(): void;
}

/**
 * The links that are to be fetched: of each account one after the other, and on the next session if one ends. Each counts
 * as an offer, but where an offer would be refused a link waits.
 */
export class Fetches {
  readonly #options: FetchesOptions;
  /** By account, in the order in which they came. */
  readonly #queues = new Map<string, Waiting[]>();
  readonly #busy = new Set<string>();
  /** The last links that were given up, with their accounts. */
  readonly #inVain = new Set<string>();
  #fetching: Fetching | undefined;

  constructor(options: FetchesOptions) {
    this.#options = options;
  }

  /**
   * Resolves when nothing is left to do for a link; `undefined`: too many wait. `isOld`: it may have been added before,
   * and is not fetched again if that was in vain.
   */
  add(link: Link, { isOld = false } = {}): { settled: Promise<void> } | undefined {
    const account = bareJid(link.peer);
    const id = idOfLink(link);
    if (isOld && this.#inVain.has(`${account} ${id}`)) return { settled: Promise.resolve() };
    const queue = this.#queues.get(account) ?? [];
    const same = queue.find((one) => one.id === id);
    if (same) return same;
    const all = [...this.#queues.values()].reduce((sum, one) => sum + one.length, 0);
    if (queue.length >= MOST_OF_ACCOUNT || all >= MOST) return undefined;
    const waiting = newWaiting(link, id, this.#options.clock.now());
    this.#queues.set(account, [...queue, waiting]);
    void this.#work(account);
    return waiting;
  }

  /** Fetches from now on, until the signal aborts. */
  begin(fetching: Fetching): void {
    this.#fetching = fetching;
    for (const account of this.#queues.keys()) void this.#work(account);
  }

  async #work(account: string): Promise<void> {
    const fetching = this.#fetching;
    if (!fetching || this.#busy.has(account)) return;
    this.#busy.add(account);
    while (!fetching.signal.aborted) {
      const next = this.#queues.get(account)?.toSorted((a, b) => a.dueAt - b.dueAt)[0];
      if (!next) break;
      await this.#attempt(next, account, fetching);
    }
    this.#busy.delete(account);
    // Another session may have begun meanwhile.
    if (this.#fetching !== fetching) void this.#work(account);
  }

  /** The first one that is due, or a pause. */
  async #attempt(next: Waiting, account: string, { take, signal }: Fetching): Promise<void> {
    const { clock, quotas, isKnown, report } = this.#options;
    const wait = (ms: number) => clock.sleep(ms, signal).catch(() => undefined);
    const pause = next.dueAt - clock.now();
    if (pause > 0) return wait(Math.min(pause, LATER_MS));
    if (isKnown(account, next.id)) {
      report({ event: 'note', text: `a link of ${next.peer} is not fetched again` });
      return this.#settle(next, account);
    }
    if (!quotas.transfers.mayOffer(next.peer)) return wait(LATER_MS);
    let outcome = 'later' as Outcome;
    const file = incomingLink(next, this.#options, signal, (how) => {
      outcome = how;
    });
    await take(file);
    if (outcome === 'there' || !signal.aborted) this.#ended(next, account, outcome);
  }

  #ended(link: Waiting, account: string, outcome: Outcome): void {
    const { clock, report } = this.#options;
    if (outcome === 'later') {
      link.dueAt = clock.now() + LATER_MS;
      return;
    }
    const isLeft = outcome !== 'there' && isPassing(outcome);
    const pause = isLeft ? PAUSES_MS[link.failures] : undefined;
    if (pause === undefined) {
      if (outcome !== 'there') this.#gaveUp(`${account} ${link.id}`);
      return this.#settle(link, account);
    }
    link.failures += 1;
    link.dueAt = clock.now() + pause;
    const text = `${link.told.offer.name} of ${link.peer} is fetched again in ${pause / 1000} s`;
    report({ event: 'notice', text });
  }

  #gaveUp(key: string): void {
    this.#inVain.add(key);
    const [oldest = ''] = this.#inVain;
    if (this.#inVain.size > MOST_IN_VAIN) this.#inVain.delete(oldest);
  }

  #settle(link: Waiting, account: string): void {
    const left = this.#queues.get(account)?.filter((one) => one !== link) ?? [];
    if (left.length > 0) this.#queues.set(account, left);
    else this.#queues.delete(account);
    link.settle();
  }
}

function newWaiting(link: Link, id: string, now: number): Waiting {
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { ...link, id, failures: 0, dueAt: now, settled, settle };
}
